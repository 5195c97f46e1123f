//! Folders that are swapped as a whole: a link `latest` (or `report`) to a folder that is complete before the link points to it.
#![expect(
    clippy::disallowed_methods,
    reason = "links and reports are written under artifacts/"
)]

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use rustix::fs::FlockOperation;

use crate::StoreError;
use crate::publish::{
    entries, folder_of, make_folder, rename_without_replacing, sync_folder, temporary_name,
};

/// A link, and the folder that holds what it has pointed to.
pub(crate) struct View<'a> {
    /// artifacts/.
    pub(crate) root: &'a Path,
    /// Name of the link in it.
    pub(crate) link: &'static str,
    /// Name of the folder in it.
    pub(crate) folder: &'static str,
}

/// Something under a name of a view.
pub(crate) trait Content {
    /// Whether this is what the path holds.
    fn is_at(&self, path: &Path) -> bool;

    /// Puts it there.
    fn put(&self, path: &Path) -> Result<(), StoreError>;
}

/// A symbolic link to this path.
pub(crate) struct Link(pub(crate) PathBuf);

impl Content for Link {
    fn is_at(&self, path: &Path) -> bool {
        fs::read_link(path).is_ok_and(|target| target == self.0)
    }

    fn put(&self, path: &Path) -> Result<(), StoreError> {
        symlink(&self.0, path).map_err(|error| StoreError::io("create", path, error))
    }
}

impl Content for &[u8] {
    fn is_at(&self, path: &Path) -> bool {
        fs::read(path).is_ok_and(|bytes| bytes == *self)
    }

    fn put(&self, path: &Path) -> Result<(), StoreError> {
        let put = || {
            let mut file = File::create_new(path)?;
            file.write_all(self)?;
            file.sync_all()
        };
        put().map_err(|error| StoreError::io("create", path, error))
    }
}

/// Gives the same file a second name; false where it cannot have one, because it is not there or lies on another file system.
pub(crate) fn link_again(file: &Path, path: &Path) -> bool {
    fs::hard_link(file, path).is_ok()
}

impl View<'_> {
    /// Shows exactly this content, by relative name, under the link; says whether anything had to change. `digest` names the content.
    pub(crate) fn show<C: Content>(
        &self,
        digest: &str,
        content: &[(&str, C)],
    ) -> Result<bool, StoreError> {
        let views = self.root.join(self.folder);
        make_folder(&views)?;
        let lock = File::open(&views).map_err(|error| StoreError::io("open", &views, error))?;
        rustix::fs::flock(&lock, FlockOperation::LockExclusive)
            .map_err(|error| StoreError::io("lock", &views, error))?;
        let shown = self.shown()?;
        let target = Path::new(self.folder).join(digest);
        let view = self.root.join(&target);
        let whole = content
            .iter()
            .all(|(name, content)| content.is_at(&view.join(name)));
        if whole && view.is_dir() && shown.as_deref() == Some(&target) {
            return Ok(false);
        }
        if !whole {
            remove(&view)?;
        }
        if !view.is_dir() {
            build(&view, content)?;
        }
        self.point_to(&target)?;
        for old in entries(&views)?.iter().filter(|old| **old != view) {
            remove(old)?;
        }
        Ok(true)
    }

    /// Where the link points; none if it is not there.
    fn shown(&self) -> Result<Option<PathBuf>, StoreError> {
        let link = self.root.join(self.link);
        match fs::read_link(&link) {
            Ok(target) => Ok(Some(target)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                Err(StoreError::NotALink { path: link })
            }
            Err(error) => Err(StoreError::io("read", &link, error)),
        }
    }

    fn point_to(&self, target: &Path) -> Result<(), StoreError> {
        let link = self.root.join(self.link);
        let temporary = self.root.join(self.folder).join(temporary_name());
        // A relative link means the same wherever it is made, so it may be made beside the views, where stale ones are removed.
        let pointed = symlink(target, &temporary).and_then(|()| fs::rename(&temporary, &link));
        pointed.map_err(|error| StoreError::io("replace the link", &link, error))?;
        sync_folder(self.root)
    }
}

/// Builds a view under a temporary name beside it, and renames it.
fn build<C: Content>(view: &Path, content: &[(&str, C)]) -> Result<(), StoreError> {
    let temporary = folder_of(view).join(temporary_name());
    make_folder(&temporary)?;
    let mut folders = std::collections::BTreeSet::from([temporary.clone()]);
    for (name, content) in content {
        let path = temporary.join(name);
        let folder = folder_of(&path);
        if folders.insert(folder.to_owned()) {
            make_folder(folder)?;
        }
        content.put(&path)?;
    }
    folders.iter().try_for_each(|folder| sync_folder(folder))?;
    rename_without_replacing(&temporary, view)
        .map_err(|error| StoreError::io("create the folder", view, error))?;
    sync_folder(folder_of(view))
}

fn remove(path: &Path) -> Result<(), StoreError> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    removed.map_err(|error| StoreError::io("remove", path, error))
}

/// Checks that a name stays in its folder: some components, none of them `..` or hidden.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let refuse = |why| {
        Err(StoreError::Name {
            name: name.to_owned(),
            why,
        })
    };
    if name.is_empty() || name.ends_with('/') || name.contains('\0') {
        return refuse("it must not be empty, end in / or hold a zero byte");
    }
    let plain = |component| matches!(component, Component::Normal(part) if !part.to_string_lossy().starts_with('.'));
    if !Path::new(name).components().all(plain) {
        return refuse("it must be relative, without . or .. or hidden parts");
    }
    if name.split('/').any(|part| part.len() > LONGEST_NAME) {
        return refuse(
            "a part of it is longer than the 255 bytes that file systems allow: shorten the names in pipeline.toml or of the image",
        );
    }
    Ok(())
}

/// Longest name of a file in bytes, on every common file system.
const LONGEST_NAME: usize = 255;
