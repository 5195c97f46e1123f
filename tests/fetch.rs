//! `pipeline fetch` from a server that behaves, breaks off, lies and sends something else.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::study_folder::StudyFolder;

/// What a server does with a request.
type Answer = fn(&[u8], &mut TcpStream);

/// A server on this machine: each request is answered by the next answer, the last one again and again.
struct Server {
    address: String,
    /// How many requests there were.
    asked: Arc<AtomicUsize>,
}

impl Server {
    fn new(content: Vec<u8>, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicUsize::new(0));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for (request, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let mut lines = BufReader::new(&stream).lines().map(Result::unwrap);
                assert!(lines.any(|line| line.is_empty()), "the end of the head");
                noted.fetch_add(1, Ordering::SeqCst);
                let answer = answers[request.min(answers.len() - 1)];
                answer(&content, &mut stream);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

fn send(stream: &mut TcpStream, head: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
    // A client that has seen enough goes away.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

fn whole(content: &[u8], stream: &mut TcpStream) {
    let size = content.len();
    send(
        stream,
        &format!("200 OK\r\nContent-Length: {size}"),
        content,
    );
}

/// Speaks of all, and sends a third.
fn broken(content: &[u8], stream: &mut TcpStream) {
    let size = content.len();
    let head = format!("200 OK\r\nContent-Length: {size}");
    send(stream, &head, &content[..size / 3]);
}

/// Speaks of more than there is.
fn boasting(content: &[u8], stream: &mut TcpStream) {
    let size = content.len() + 1000;
    send(
        stream,
        &format!("200 OK\r\nContent-Length: {size}"),
        content,
    );
}

/// Speaks of less than there is.
fn modest(content: &[u8], stream: &mut TcpStream) {
    let size = content.len() - 1000;
    send(
        stream,
        &format!("200 OK\r\nContent-Length: {size}"),
        content,
    );
}

/// Cannot answer now.
fn busy(_: &[u8], stream: &mut TcpStream) {
    send(stream, "503 Service Unavailable\r\nContent-Length: 0", &[]);
}

/// Sends a little, and then nothing until the other side hangs up, which one that never does would wait for as long as the test runs.
fn stalling(content: &[u8], stream: &mut TcpStream) {
    let head = format!("200 OK\r\nContent-Length: {}", content.len());
    send(stream, &head, &content[..1000]);
    let _ = stream.read(&mut [0]);
}

fn missing(_: &[u8], stream: &mut TcpStream) {
    send(stream, "404 Not Found\r\nContent-Length: 0", &[]);
}

/// The small study, with AlexNet's weights on the server and its digest as given.
fn folder(server: &Server, sha256: &str) -> (StudyFolder, Vec<u8>) {
    let folder = StudyFolder::new();
    let content = fs::read(folder.path("alexnet.safetensors")).unwrap();
    fs::remove_file(folder.path("alexnet.safetensors")).unwrap();
    let keys = format!(
        "weights = \"alexnet.safetensors\"\nurl = \"{}/alexnet.safetensors\"\nsha256 = \"{sha256}\"",
        server.address
    );
    folder.change("weights = \"alexnet.safetensors\"", &keys);
    (folder, content)
}

fn content() -> Vec<u8> {
    fs::read(crate::study_folder::repository().join("data/networks/alexnet.safetensors")).unwrap()
}

fn digest(content: &[u8]) -> String {
    use sha2::Digest;
    format!("{:x}", sha2::Sha256::digest(content))
}

/// How often the server is asked until the file is there.
fn arrives(answers: Vec<Answer>) -> usize {
    let server = Server::new(content(), answers);
    let (folder, content) = folder(&server, &digest(&content()));
    let finished = folder.run("pipeline", &["fetch"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(
        finished.stdout.contains("was fetched"),
        "{}",
        finished.stdout
    );
    assert!(fs::read(folder.path("alexnet.safetensors")).unwrap() == content);
    assert!(!folder.path("alexnet.safetensors.part").exists());
    let asked = server.asked();
    assert!(folder.run("pipeline", &["fetch"]).stdout.contains("exists"));
    assert_eq!(server.asked(), asked, "what is there is not asked for");
    asked
}

#[test]
fn a_file_is_fetched_once() {
    assert_eq!(arrives(vec![whole]), 1);
}

#[test]
fn a_download_that_breaks_off_starts_again() {
    assert_eq!(arrives(vec![broken, busy, broken, whole]), 4);
}

#[test]
fn nothing_is_kept_of_a_download_that_is_given_up() {
    let first = Server::new(content(), vec![broken, missing]);
    let (folder, content) = folder(&first, &digest(&content()));
    folder
        .run("pipeline", &["plan"])
        .expect(2, "run `pipeline fetch`");
    folder.run("pipeline", &["fetch"]).expect(1, "status 404");
    assert!(!folder.path("alexnet.safetensors.part").exists());
    let second = Server::new(content.clone(), vec![whole]);
    folder.change(&first.address, &second.address);
    assert_eq!(folder.run("pipeline", &["fetch"]).status, 0);
    assert_eq!(second.asked(), 1);
    assert!(fs::read(folder.path("alexnet.safetensors")).unwrap() == content);
}

#[test]
fn what_arrived_of_another_file_is_no_part_of_this_one() {
    let server = Server::new(content(), vec![whole]);
    let (folder, content) = folder(&server, &digest(&content()));
    fs::write(folder.path("alexnet.safetensors.part"), [7; 5000]).unwrap();
    assert_eq!(folder.run("pipeline", &["fetch"]).status, 0);
    assert_eq!(server.asked(), 1);
    assert!(fs::read(folder.path("alexnet.safetensors")).unwrap() == content);
}

#[test]
fn a_server_that_falls_silent_has_broken_off() {
    let server = Server::new(content(), vec![stalling, whole]);
    let (folder, content) = folder(&server, &digest(&content()));
    assert_eq!(folder.run("pipeline", &["fetch"]).status, 0);
    assert!(fs::read(folder.path("alexnet.safetensors")).unwrap() == content);
}

#[test]
fn a_server_that_lies_about_the_size_is_given_up() {
    let server = Server::new(content(), vec![boasting]);
    let (folder, _) = folder(&server, &digest(&content()));
    let finished = folder.run("pipeline", &["fetch"]);
    finished.expect(1, "broke off after");
    finished.expect(1, "Without an internet connection");
    assert!(!folder.path("alexnet.safetensors").exists());
}

#[test]
fn a_server_that_speaks_of_less_than_there_is_has_sent_another_file() {
    let server = Server::new(content(), vec![modest]);
    let (folder, content) = folder(&server, &digest(&content()));
    folder
        .run("pipeline", &["fetch"])
        .expect(1, &digest(&content[..content.len() - 1000]));
    assert_eq!(server.asked(), 1);
    assert!(!folder.path("alexnet.safetensors").exists());
    assert!(!folder.path("alexnet.safetensors.part").exists());
}

#[test]
fn a_file_without_a_digest_is_known_by_the_digits_that_its_address_ends_in() {
    let digits = digest(&content())[..8].to_owned();
    for right in [true, false] {
        let sent = if right {
            content()
        } else {
            b"an error page".to_vec()
        };
        let server = Server::new(sent, vec![whole]);
        let (folder, content) = folder(&server, "");
        folder.change(
            "/alexnet.safetensors\"\nsha256 = \"\"",
            &format!("/alexnet-{digits}.safetensors\""),
        );
        let finished = folder.run("pipeline", &["fetch"]);
        let file = folder.path("alexnet.safetensors");
        if right {
            assert_eq!(finished.status, 0, "{}", finished.stderr);
            assert!(fs::read(file).unwrap() == content);
        } else {
            finished.expect(1, &format!("one that begins with {digits}"));
            assert!(!file.exists());
            assert!(!folder.path("alexnet.safetensors.part").exists());
        }
    }
}

#[test]
fn another_file_is_refused_and_nothing_is_kept_of_it() {
    let server = Server::new(b"an error page".to_vec(), vec![whole]);
    let (folder, _) = folder(&server, &digest(&content()));
    folder
        .run("pipeline", &["fetch"])
        .expect(1, &digest(b"an error page"));
    assert!(!folder.path("alexnet.safetensors").exists());
    assert!(!folder.path("alexnet.safetensors.part").exists());
    // Nor is one that lies there taken for it.
    fs::write(folder.path("alexnet.safetensors"), "something else").unwrap();
    folder
        .run("pipeline", &["fetch"])
        .expect(1, "it is another file, or damaged");
}

#[test]
fn without_a_network_it_is_said_where_to_put_each_file() {
    let server = Server::new(Vec::new(), vec![whole]);
    let (folder, _) = folder(&server, &digest(&content()));
    // Nobody listens there: the port was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    folder.change(&server.address, &format!("http://{free}"));
    fs::remove_file(folder.path("resnet50.safetensors")).unwrap();
    let weights = "weights = \"resnet50.safetensors\"";
    let keys = format!(
        "{weights}\nurl = \"http://{free}/resnet50.safetensors\"\nsha256 = \"{}\"",
        digest(b"nobody looks at it")
    );
    folder.change(weights, &keys);
    let finished = folder.run("pipeline", &["fetch"]);
    finished.expect(1, "put it at alexnet.safetensors");
    finished.expect(1, "put it at resnet50.safetensors");
}

#[test]
fn a_digest_that_cannot_be_one_is_a_mistake_with_its_line() {
    let server = Server::new(Vec::new(), vec![whole]);
    let (folder, _) = folder(&server, "7be5be79");
    folder
        .run("pipeline", &["fetch"])
        .expect(2, "`sha256` must have 64");
    folder.change("sha256 = \"7be5be79\"", "");
    folder
        .run("pipeline", &["fetch"])
        .expect(2, "the digest of the downloaded file must be known");
}
