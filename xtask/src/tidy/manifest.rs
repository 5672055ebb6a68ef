//! The dependencies that a `Cargo.toml` declares, with the lines they are on.
//!
//! Reads as much TOML as manifests are written in: tables, `key = value`, dotted keys, values over
//! several lines. Does not know which dependencies are good.

#[derive(Debug, Default)]
pub(super) struct Manifest {
    /// `None` for the manifest of a workspace without a package.
    pub(super) package: Option<String>,
    pub(super) dependencies: Vec<Dependency>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dependency {
    /// The name of the package, also where the manifest renames it.
    pub(super) package: String,
    pub(super) line: usize,
    /// Whether a comment stands directly above.
    pub(super) has_reason: bool,
    /// Whether it says `workspace = true`: the reason stands in the root then.
    pub(super) inherits: bool,
    /// Whether it is found by a path, so is one of our own.
    pub(super) is_path: bool,
    key: String,
}

/// What the lines below a `[header]` are about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    Package,
    Dependencies,
    /// `[dependencies.name]`.
    OneDependency,
    Other,
}

impl Manifest {
    pub(super) fn read(text: &str) -> Self {
        let mut manifest = Self::default();
        let mut table = Table::Other;
        let mut above = "";
        let mut open = 0;
        for (index, line) in text.lines().enumerate() {
            let code = without_comment(line).trim();
            let place = (index + 1, above.trim_start().starts_with('#'));
            if open > 0 {
                manifest.go_on(table, code);
            } else if let Some(header) = code.strip_prefix('[') {
                table = manifest.begin(header.trim_end_matches(']'), place);
            } else if let Some((key, value)) = code.split_once('=') {
                manifest.set(table, key.trim(), value.trim(), place);
            }
            if !code.starts_with('[') || open > 0 {
                open += depth(code);
            }
            above = line;
        }
        manifest
    }

    fn begin(&mut self, header: &str, place: (usize, bool)) -> Table {
        let parts = dotted(header);
        match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            ["package"] => Table::Package,
            [.., last] if is_dependencies(last) => Table::Dependencies,
            [.., table, name] if is_dependencies(table) => {
                self.add(name, place);
                Table::OneDependency
            }
            _ => Table::Other,
        }
    }

    fn set(&mut self, table: Table, key: &str, value: &str, place: (usize, bool)) {
        match table {
            Table::Package if key == "name" => self.package = Some(unquoted(value).to_owned()),
            Table::Dependencies => {
                let parts = dotted(key);
                let known = self.dependencies.last().map(|last| last.key.as_str());
                // `name.version` and `name.features` are one dependency on two lines.
                if known != Some(parts[0].as_str()) || parts.len() == 1 {
                    self.add(&parts[0], place);
                }
                let inner = parts[1..].join(".");
                self.qualify(&if inner.is_empty() {
                    value.to_owned()
                } else {
                    format!("{inner} = {value}")
                });
            }
            Table::OneDependency => self.qualify(&format!("{key} = {value}")),
            Table::Package | Table::Other => {}
        }
    }

    /// Takes another line of the value that was begun last.
    fn go_on(&mut self, table: Table, code: &str) {
        if matches!(table, Table::Dependencies | Table::OneDependency) {
            self.qualify(code);
        }
    }

    fn add(&mut self, key: &str, (line, has_reason): (usize, bool)) {
        self.dependencies.push(Dependency {
            package: key.to_owned(),
            line,
            has_reason,
            inherits: false,
            is_path: false,
            key: key.to_owned(),
        });
    }

    /// Takes what is said about the last dependency from a piece of its value.
    fn qualify(&mut self, value: &str) {
        let Some(dependency) = self.dependencies.last_mut() else {
            return;
        };
        for pair in value.trim_matches(['{', '}', ' ']).split(',') {
            let Some((key, value)) = pair.split_once('=') else {
                continue;
            };
            match key.trim() {
                "package" => dependency.package = unquoted(value.trim()).to_owned(),
                "workspace" => dependency.inherits = value.trim() == "true",
                "path" => dependency.is_path = true,
                _ => {}
            }
        }
    }
}

fn is_dependencies(table: &str) -> bool {
    matches!(
        table,
        "dependencies" | "dev-dependencies" | "build-dependencies"
    )
}

/// The parts of a dotted key; a part in quotes may have dots.
fn dotted(key: &str) -> Vec<String> {
    let (mut parts, mut part, mut quote) = (Vec::new(), String::new(), None);
    for c in key.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            ('.', None) => parts.push(std::mem::take(&mut part)),
            (' ', None) => {}
            (c, _) => part.push(c),
        }
    }
    parts.push(part);
    parts
}

fn unquoted(value: &str) -> &str {
    value.trim_matches(['"', '\''])
}

fn without_comment(line: &str) -> &str {
    outside_quotes(line)
        .find(|(_, c)| *c == '#')
        .map_or(line, |(index, _)| &line[..index])
}

/// How many brackets stay open after this line.
fn depth(code: &str) -> i32 {
    outside_quotes(code)
        .map(|(_, c)| match c {
            '[' | '{' => 1,
            ']' | '}' => -1,
            _ => 0,
        })
        .sum()
}

fn outside_quotes(line: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    line.char_indices().filter(move |(_, c)| match quote {
        Some(open) => {
            if *c == open {
                quote = None;
            }
            false
        }
        None => {
            if *c == '"' || *c == '\'' {
                quote = Some(*c);
            }
            true
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages(text: &str) -> Vec<(String, usize)> {
        let dependencies = Manifest::read(text).dependencies;
        dependencies
            .into_iter()
            .map(|one| (one.package, one.line))
            .collect()
    }

    #[test]
    fn every_kind_of_dependency_table_is_read() {
        let text = "[package]\nname = \"own\"\n[features]\nx = []\n[dependencies]\na = \"1\"\n\
                    [target.'cfg(target_os = \"linux\")'.dev-dependencies]\nb = { version = \"1\" }\n\
                    [build-dependencies.c]\nversion = \"1\"\npackage = \"d\"\n[lints]\nworkspace = true\n";
        assert_eq!(Manifest::read(text).package.as_deref(), Some("own"));
        assert_eq!(
            packages(text),
            [("a".into(), 6), ("b".into(), 8), ("d".into(), 9)]
        );
    }

    #[test]
    fn a_value_over_several_lines_is_one_dependency() {
        let text = "[dependencies]\na = { version = \"1\", features = [\n  \"x\", # why\n  \"y\",\n] }\n\
                    b.version = \"1\"\nb.features = [\"z\"]\nc = { version = \"1\", package = \"d\" }\n";
        assert_eq!(
            packages(text),
            [("a".into(), 2), ("b".into(), 6), ("d".into(), 8)]
        );
    }

    #[test]
    fn comments_inheritance_and_paths_are_seen() {
        let text = "[dependencies]\n# Why.\na = \"1\" # not \"this\"\nb.workspace = true\n\
                    c = { workspace = true }\nd = { path = \"../d\" }\n";
        let seen: Vec<_> = Manifest::read(text)
            .dependencies
            .iter()
            .map(|one| (one.has_reason, one.inherits, one.is_path))
            .collect();
        assert_eq!(
            seen,
            [
                (true, false, false),
                (false, true, false),
                (false, true, false),
                (false, false, true)
            ]
        );
    }
}
