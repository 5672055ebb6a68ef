//! A pool that was given a runtime of tokio: its sockets and timers in tasks, jobs and `block_on`.

use brigade::pool::{self, Pool};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime};

fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    runtime.unwrap()
}

fn pool_in(runtime: &Runtime) -> Pool {
    let pool = Pool::builder().threads(2).tokio(runtime.handle().clone());
    pool.build().unwrap()
}

async fn echo(listener: TcpListener, connections: usize) {
    for _ in 0..connections {
        let (mut stream, _) = listener.accept().await.unwrap();
        brigade::task::spawn(async move {
            let (mut from, mut to) = stream.split();
            tokio::io::copy(&mut from, &mut to).await.unwrap();
        })
        .await
        .unwrap();
    }
}

async fn asks(address: SocketAddr, word: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(word.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[test]
fn an_echo_over_sockets() {
    let runtime = runtime();
    let pool = pool_in(&runtime);
    let listener = pool.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let server = pool.spawn(echo(listener, 3));
    let client = pool.spawn(async move { asks(address, "fill").await });
    assert_eq!(client.join().unwrap(), "fill");
    assert_eq!(pool.block_on(asks(address, "lift")), "lift");
    let job = pool.submit(move || Handle::current().block_on(asks(address, "pass")));
    assert_eq!(job.unwrap().join().unwrap(), "pass");
    server.join().unwrap();
}

#[test]
fn timers() {
    let runtime = runtime();
    let pool = pool_in(&runtime);
    let is_late = || async {
        let never = std::future::pending::<()>();
        let limit = Duration::from_millis(1);
        tokio::time::timeout(limit, never).await.is_err()
    };
    assert!(pool.spawn(is_late()).join().unwrap());
    assert!(pool.block_on(is_late()));
}

#[test]
fn what_is_spawned_on_tokio_runs_there() {
    let runtime = runtime();
    let pool = pool_in(&runtime);
    let on_tokio = || async {
        let task = tokio::spawn(async { tokio::task::try_id().is_some() });
        task.await.unwrap() && tokio::task::try_id().is_none()
    };
    assert!(pool.spawn(on_tokio()).join().unwrap());
    let job = pool.submit(move || Handle::current().block_on(on_tokio()));
    assert!(job.unwrap().join().unwrap());
}

#[test]
fn spares_and_hooks_are_in_it_too() {
    let runtime = runtime();
    let (sender, receiver) = brigade::channel::unbounded();
    let stops = sender.clone();
    let pool = Pool::builder()
        .threads(1)
        .tokio(runtime.handle().clone())
        .on_thread_start(move |_| sender.send(Handle::try_current().is_ok()).unwrap())
        .on_thread_stop(move |_| stops.send(Handle::try_current().is_ok()).unwrap())
        .build()
        .unwrap();
    let (open, gate) = std::sync::mpsc::channel();
    let blocks = pool.submit(move || pool::blocking(|| gate.recv())).unwrap();
    let spare = pool.spawn(async move {
        // Panics where there is no runtime with a clock.
        tokio::time::interval(Duration::from_millis(1)).tick().await;
        open.send(()).unwrap();
    });
    spare.join().unwrap();
    blocks.join().unwrap().unwrap();
    drop(pool);
    let calls: Vec<bool> = receiver.iter().collect();
    assert_eq!(calls, [true; 4]);
}

#[test]
fn without_one_there_is_none() {
    let pool = Pool::new(1);
    let is_there = || Handle::try_current().is_ok();
    assert!(!pool.spawn(async move { is_there() }).join().unwrap());
    assert!(!pool.block_on(async { is_there() }));
    // Nor after a `block_on` in one.
    let runtime = runtime();
    let within = pool_in(&runtime);
    assert!(within.block_on(async { is_there() }));
    assert!(!is_there());
}
