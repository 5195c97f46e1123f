//! x
use super::digest::{KINDS, Workspace};
#[test]
fn closures() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let start = std::time::Instant::now();
    let mut workspace = Workspace::read(&root).unwrap();
    for (kind, roots) in KINDS {
        let found = workspace.digest(kind, roots);
        println!("{kind} {found:?} {:?}", start.elapsed());
        if let Ok(found) = workspace.closure(roots) {
            for (file, from) in &found.files {
                println!("   {} < {}", file.display(), from.display());
            }
            println!("   {:?}", found.external);
        }
    }
}
