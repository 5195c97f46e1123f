//! `pipeline fetch` from a server that behaves, breaks off, lies and sends something else.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::study_folder::StudyFolder;

/// What a server does with a request, whose header `Range` asks for the bytes from a place on.
type Answer = fn(&[u8], Option<usize>, &mut TcpStream);

/// A server on this machine: each request is answered by the next answer, the last one again and again.
struct Server {
    address: String,
    /// From which byte each request asked.
    asked: Arc<Mutex<Vec<Option<usize>>>>,
}

impl Server {
    fn new(content: Vec<u8>, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for (request, stream) in listener.incoming().enumerate() {
                let Ok(mut stream) = stream else { return };
                let from = read_range(&stream);
                noted.lock().unwrap().push(from);
                let answer = answers[request.min(answers.len() - 1)];
                answer(&content, from, &mut stream);
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<Option<usize>> {
        self.asked.lock().unwrap().clone()
    }
}

fn read_range(stream: &TcpStream) -> Option<usize> {
    let mut from = None;
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().ok();
        }
        if line.is_empty() {
            break;
        }
    }
    from
}

fn send(stream: &mut TcpStream, head: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
    // A client that has seen enough goes away.
    let _ = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
}

fn whole(content: &[u8], from: Option<usize>, stream: &mut TcpStream) {
    let (start, end) = (from.unwrap_or(0), content.len());
    let rest = &content[start.min(end)..];
    if from.is_some() {
        let last = end - 1;
        send(
            stream,
            &format!(
                "206 Partial Content\r\nContent-Range: bytes {start}-{last}/{end}\r\nContent-Length: {}",
                rest.len()
            ),
            rest,
        );
    } else {
        send(stream, &format!("200 OK\r\nContent-Length: {end}"), rest);
    }
}

/// Speaks of all, and sends a third of what is left.
fn broken(content: &[u8], from: Option<usize>, stream: &mut TcpStream) {
    let (start, end) = (from.unwrap_or(0), content.len());
    let some = &content[start..start + (end - start) / 3];
    let head = match from {
        Some(_) => format!(
            "206 Partial Content\r\nContent-Range: bytes {start}-{}/{end}\r\nContent-Length: {}",
            end - 1,
            end - start
        ),
        None => format!("200 OK\r\nContent-Length: {end}"),
    };
    send(stream, &head, some);
}

/// Speaks of more than there is.
fn boasting(content: &[u8], from: Option<usize>, stream: &mut TcpStream) {
    let start = from.unwrap_or(0);
    let rest = &content[start.min(content.len())..];
    let size = content.len() + 1000;
    if from.is_some() {
        send(
            stream,
            &format!(
                "206 Partial Content\r\nContent-Range: bytes {start}-{}/{size}\r\nContent-Length: {}",
                size - 1,
                rest.len()
            ),
            rest,
        );
    } else {
        send(stream, &format!("200 OK\r\nContent-Length: {size}"), rest);
    }
}

/// Speaks of less than there is.
fn modest(content: &[u8], _: Option<usize>, stream: &mut TcpStream) {
    let size = content.len() - 1000;
    send(
        stream,
        &format!("200 OK\r\nContent-Length: {size}"),
        content,
    );
}

/// Never heard of ranges.
fn from_the_start(content: &[u8], _: Option<usize>, stream: &mut TcpStream) {
    send(
        stream,
        &format!("200 OK\r\nContent-Length: {}", content.len()),
        content,
    );
}

/// Goes on from another place than it was asked for.
fn elsewhere(content: &[u8], from: Option<usize>, stream: &mut TcpStream) {
    let end = content.len();
    match from {
        Some(_) => send(
            stream,
            &format!(
                "206 Partial Content\r\nContent-Range: bytes 0-{}/{end}\r\nContent-Length: {end}",
                end - 1
            ),
            content,
        ),
        None => whole(content, None, stream),
    }
}

/// Sends a little, and then nothing until the other side hangs up, which one that never does would wait for as long as the test runs.
fn stalling(content: &[u8], _: Option<usize>, stream: &mut TcpStream) {
    let head = format!("200 OK\r\nContent-Length: {}", content.len());
    send(stream, &head, &content[..1000]);
    let _ = stream.read(&mut [0]);
}

fn missing(_: &[u8], _: Option<usize>, stream: &mut TcpStream) {
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

fn arrives(answers: Vec<Answer>) -> Vec<Option<usize>> {
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
    assert!(
        folder
            .run("pipeline", &["fetch"])
            .stdout
            .contains("was there")
    );
    assert_eq!(server.asked(), asked, "what is there is not asked for");
    asked
}

#[test]
fn a_file_is_fetched_once() {
    assert_eq!(arrives(vec![whole]), [None]);
}

#[test]
fn a_download_that_breaks_off_goes_on_from_there() {
    let third = content().len() / 3;
    let asked = arrives(vec![broken, broken, whole]);
    assert_eq!(asked[..2], [None, Some(third)]);
    assert!(asked[2] > Some(third));
}

#[test]
fn a_server_without_ranges_starts_again() {
    let asked = arrives(vec![broken, from_the_start]);
    assert_eq!(asked, [None, Some(content().len() / 3)]);
}

#[test]
fn a_server_that_goes_on_elsewhere_is_not_believed() {
    assert_eq!(arrives(vec![broken, elsewhere]).last(), Some(&None));
}

#[test]
fn what_arrived_is_kept_for_the_next_run() {
    let first = Server::new(content(), vec![broken, missing]);
    let (folder, content) = folder(&first, &digest(&content()));
    folder
        .run("pipeline", &["plan"])
        .expect(2, "run `pipeline fetch`");
    folder.run("pipeline", &["fetch"]).expect(1, "status 404");
    let kept = fs::metadata(folder.path("alexnet.safetensors.part"))
        .unwrap()
        .len();
    assert_eq!(kept as usize, content.len() / 3);
    let second = Server::new(content.clone(), vec![whole]);
    folder.change(&first.address, &second.address);
    assert_eq!(folder.run("pipeline", &["fetch"]).status, 0);
    assert_eq!(second.asked(), [Some(kept as usize)]);
    assert!(fs::read(folder.path("alexnet.safetensors")).unwrap() == content);
}

#[test]
fn what_arrived_of_another_file_is_no_part_of_this_one() {
    let server = Server::new(content(), vec![whole]);
    let (folder, content) = folder(&server, &digest(&content()));
    fs::write(folder.path("alexnet.safetensors.part"), [7; 5000]).unwrap();
    assert_eq!(folder.run("pipeline", &["fetch"]).status, 0);
    assert_eq!(server.asked(), [Some(5000), None]);
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
    finished.expect(1, "bytes are kept");
    finished.expect(1, "Without a network");
    assert!(!folder.path("alexnet.safetensors").exists());
}

#[test]
fn a_server_that_speaks_of_less_than_there_is_has_sent_another_file() {
    let server = Server::new(content(), vec![modest]);
    let (folder, content) = folder(&server, &digest(&content()));
    folder
        .run("pipeline", &["fetch"])
        .expect(1, &digest(&content[..content.len() - 1000]));
    assert_eq!(server.asked(), [None]);
    assert!(!folder.path("alexnet.safetensors").exists());
    // Else the next run would go on from there, and end with the same.
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
        .expect(2, "must be known by its digest");
}
