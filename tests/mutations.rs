//! `TorchScript` archives with random damage, loaded in a child as `pipeline check` and `init` load them.

use std::fs;
use std::io::{BufRead, BufReader, Cursor, Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::study_folder::{StudyFolder, repository};

/// Damaged versions of the program.
const COUNT: u64 = 200;
/// Two more that libtorch 2.11.0 does not survive.
const CRASHES: [u64; 2] = [2311, 4047];
/// How many one child tries; what is known of them is lost with it.
const GROUP: usize = 50;
/// Most time for one of them.
const LONGEST: Duration = Duration::from_secs(10);
/// Most memory, in bytes.
const MOST_MEMORY: u64 = 1 << 30;
/// Time between two looks at the memory of the child.
const LOOK: Duration = Duration::from_millis(20);
/// What stands in the files, so that damage does not only make other words.
const PIECES: [&[u8]; 16] = [
    b"\n",
    b"  ",
    b"(",
    b")",
    b"[",
    b"]",
    b", ",
    b"0",
    b"-1",
    b"99999999999999999999",
    b"self",
    b"torch.",
    b"return None",
    b"\xff",
    b"\0",
    b"q\x00R",
];

/// Numbers that the seed alone decides.
struct Numbers(blake3::OutputReader);

impl Numbers {
    fn new(seed: u64) -> Self {
        let mut hasher = blake3::Hasher::new();
        Self(hasher.update(&seed.to_le_bytes()).finalize_xof())
    }

    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit.max(1)
    }
}

/// One to three changes: a byte, a part that is lost, repeated or reversed, a piece that is put in, or an early end.
fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    for _ in 0..=numbers.below(3) {
        let place = numbers.below(bytes.len());
        let end = (place + 1 + numbers.below(20)).min(bytes.len());
        if place >= end {
            return;
        }
        match numbers.below(8) {
            0 | 1 => bytes[place] = numbers.below(256) as u8,
            2 => drop(bytes.drain(place..end)),
            3 => {
                let part = bytes[place..end].to_vec();
                let other = numbers.below(bytes.len());
                drop(bytes.splice(other..other, part));
            }
            4 => bytes[place..end].reverse(),
            5 | 6 => {
                let piece = PIECES[numbers.below(PIECES.len())];
                drop(bytes.splice(place..place, piece.iter().copied()));
            }
            _ => bytes.truncate(place),
        }
    }
}

/// The entries of an archive, in its order.
fn entries(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let count = archive.len();
    let read = |place| {
        let mut file = archive.by_index(place).unwrap();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        (file.name().unwrap().into_owned(), content)
    };
    (0..count).map(read).collect()
}

/// An archive of entries, with checksums that are right.
fn archive(entries: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, content) in entries {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A quarter of the damage lies anywhere in the file, the rest in an entry that libtorch parses; its checksum is right.
fn damaged(program: &[u8], seed: u64) -> Vec<u8> {
    let mut numbers = Numbers::new(seed);
    if seed.is_multiple_of(4) {
        let mut bytes = program.to_vec();
        damage(&mut bytes, &mut numbers);
        return bytes;
    }
    let mut entries = entries(program);
    let is_chosen = |name: &str| match seed % 4 {
        1 => name.contains("/code/"),
        2 => name.ends_with("/data.pkl"),
        _ => !name.contains("/code/") && !name.ends_with("/data.pkl"),
    };
    let mut chosen: Vec<_> = entries
        .iter_mut()
        .filter(|entry| is_chosen(&entry.0))
        .collect();
    let place = numbers.below(chosen.len());
    damage(&mut chosen[place].1, &mut numbers);
    archive(&entries)
}

/// How a child ended: with an answer for each network, or by a signal.
enum End {
    Answer(Value),
    Crash { loading: String },
}

/// Writes a study of these networks, which lie in files of their names.
fn write_study(folder: &StudyFolder, names: &[String]) {
    let networks = names.iter().map(|name| {
        format!("[networks.{name}]\narchitecture = \"torchscript\"\nweights = \"{name}.pt\"\n\n")
    });
    let text = include_str!("fixtures/pipeline.toml");
    let (before, rest) = text.split_once("[networks.alexnet]").unwrap();
    let (_, after) = rest.split_once("[partitions.coarse]").unwrap();
    let text = format!(
        "{before}{}[partitions.coarse]{after}",
        networks.collect::<String>()
    );
    // The classes of these networks are not those of the labels.
    let text = text.replace("labels = \"labels.csv\"\n", "crop = 64\n");
    fs::write(folder.path("pipeline.toml"), text).unwrap();
}

/// The largest memory of a process so far, in bytes; `None` where the system does not tell.
fn peak(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(1024 * kilobytes)
}

/// The lines that a child prints, as they come.
fn lines(child: &mut Child) -> Receiver<String> {
    let (send, receive) = channel();
    let output = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        for line in output.lines() {
            let _ = send.send(line.unwrap());
        }
    });
    receive
}

/// Has a child try the networks of the study, and watches its time and memory.
fn look(folder: &StudyFolder) -> End {
    let mut command = folder.command("look", &["--config", "pipeline.toml"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = lines(&mut child);
    let (mut loading, mut answer) = (String::new(), Value::Null);
    let mut since = Instant::now();
    loop {
        match lines.recv_timeout(LOOK) {
            Ok(line) => match serde_json::from_str::<Value>(&line) {
                Ok(said) if said["loading"].is_string() => {
                    said["loading"].as_str().unwrap().clone_into(&mut loading);
                    since = Instant::now();
                }
                Ok(said) => answer = said,
                Err(_) => {}
            },
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let memory = peak(child.id()).unwrap_or_default();
        if since.elapsed() > LONGEST || memory > MOST_MEMORY {
            child.kill().unwrap();
            panic!("{loading}: {:?} and {memory} bytes", since.elapsed());
        }
    }
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{loading}: {said}");
    match output.status.code() {
        None => End::Crash { loading },
        Some(0) => End::Answer(answer["networks"].clone()),
        Some(status) => panic!("{loading}: status {status}: {said}"),
    }
}

/// Whether a network was refused, with its name.
fn is_refused(name: &str, answer: &Value) -> bool {
    let Some(error) = answer["error"].as_str() else {
        assert!(answer["classes"].as_u64() > Some(0), "{name}: {answer}");
        return false;
    };
    assert!(error.contains(&format!("{name}.pt")), "{name}: {error}");
    let is_control = |letter: char| letter.is_control() && letter != '\n';
    assert!(!error.contains(is_control), "{name}: {error:?}");
    true
}

/// Tries some damaged programs; the numbers of those that were refused, and of those that ended the child.
fn survives(folder: &StudyFolder, mut names: Vec<String>) -> [usize; 2] {
    let mut crashes = 0;
    while !names.is_empty() {
        write_study(folder, &names);
        match look(folder) {
            End::Answer(answers) => {
                let refused = names.iter().filter(|name| is_refused(name, &answers[name]));
                return [refused.count(), crashes];
            }
            End::Crash { loading } => {
                let file = names
                    .iter()
                    .position(|name| loading.ends_with(&format!("{name}.pt")));
                let name = names.remove(file.expect("the child says what it loads"));
                crashes += 1;
                write_study(folder, std::slice::from_ref(&name));
                let said =
                    format!("{name}.pt`: `look`, which tried this network, was ended by signal");
                folder.run("pipeline", &["check"]).expect(2, &said);
            }
        }
    }
    [0, crashes]
}

#[test]
fn damaged_programs() {
    let program = fs::read(repository().join("tests/fixtures/script.pt")).unwrap();
    let folder = StudyFolder::new();
    let seeds = (0..COUNT).chain(CRASHES);
    let names: Vec<String> = seeds
        .map(|seed| {
            let name = format!("damaged-{seed:04}");
            fs::write(folder.path(&format!("{name}.pt")), damaged(&program, seed)).unwrap();
            name
        })
        .collect();
    let ends = names
        .chunks(GROUP)
        .map(|group| survives(&folder, group.to_vec()));
    let [refused, crashed] = ends.fold([0, 0], |[a, b], [refused, crashed]| {
        [a + refused, b + crashed]
    });
    println!(
        "{refused} of {} were refused, {crashed} ended the child",
        names.len()
    );
    assert!(refused > names.len() / 4 && crashed > 0);
}
