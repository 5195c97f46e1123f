//! Which images are found, under which names.

use super::*;
use crate::fixture::Folder;

/// Names of the images of the study, which need no labels.
fn names(folder: &Folder) -> Vec<String> {
    folder.edit("require_correct = true", "require_correct = false");
    let images = Images::read(&folder.study().unwrap()).unwrap().images;
    images.into_iter().map(|image| image.name).collect()
}

fn problems(folder: &Folder) -> String {
    folder.shown(&Images::read(&folder.study().unwrap()).unwrap_err())
}

#[test]
fn a_name_is_the_path_below_the_folder_without_its_ending() {
    let folder = Folder::new();
    for path in [
        "more/b.v2.JPG",
        "more/deep/c.tiff",
        ".hidden/d.png",
        ".e.png",
        "notes.txt",
        "f.webp",
    ] {
        folder.write(&format!("data/images/{path}"), path);
    }
    assert_eq!(
        names(&folder),
        ["f", "more__b.v2", "more__deep__c", "mug-07"]
    );
}

#[test]
fn names_that_would_be_equal_get_eight_digits_of_the_digest() {
    let folder = Folder::new();
    folder.write("data/images/a/b.png", "one");
    folder.write("data/images/a__b.png", "two");
    folder.write("data/images/a__b.jpg", "three");
    let digits = |text: &str| blake3::hash(text.as_bytes()).to_hex()[..8].to_owned();
    let mut expected: Vec<String> = ["one", "two", "three"]
        .map(|text| format!("a__b~{}", digits(text)))
        .into();
    expected.push("mug-07".to_owned());
    expected.sort();
    assert_eq!(names(&folder), expected);
}

#[test]
fn two_images_of_equal_name_and_content_are_a_problem() {
    let folder = Folder::new();
    folder.write("data/images/a.png", "one");
    folder.write("data/images/a.jpg", "one");
    insta::assert_snapshot!(problems(&folder), @"
        error: two images have the name `a~d33fb48a`: `data/images/a.jpg` and `data/images/a.png`
         |
         = help: rename one, or remove it where the files are equal
        ");
}

#[test]
fn absolute_paths_are_found_however_the_study_is_named() {
    let folder = Folder::new();
    folder.write("data/images/more/key-01.png", "key");
    folder.write("data/masks/more/key-01.png", "mask");
    let image = |name: &str| folder.path("data/images").join(name).display().to_string();
    let (mug, key) = (image("mug-07.png"), image("more/key-01.png"));
    folder.write(
        "data/labels.csv",
        format!("path,label\n{mug},mug\n{key},key\n"),
    );
    let mask = folder.path("data/masks/more/key-01.png");
    let manifest = format!(
        "path,label,mask\nmug-07.png,mug,\n{key},key,{}\n",
        mask.display()
    );
    folder.write("data/photos.csv", manifest);
    let text = std::fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    let text = text.replace(
        "folder = \"data/images\"",
        "folder = \"data/images\"\nmanifest = \"data/photos.csv\"",
    );
    let text = text.replace("labels = ", "# ").replace("masks = ", "# ");
    folder.write("listed.toml", text);
    let read = |file: &Path| Images::read(&Study::read(file).unwrap()).unwrap();
    for file in ["pipeline.toml", "listed.toml"] {
        let [absolute, relative] =
            [folder.path(file), folder.relative(file)].map(|file| read(&file));
        let shown = |images: &Images| {
            assert_eq!(images.warnings, Vec::<String>::new());
            let images = images.images.iter();
            images
                .map(|image| (image.name.clone(), image.true_class, image.mask.is_some()))
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(&absolute), shown(&relative), "{file}");
        let expected = [
            ("more__key-01".to_owned(), Some(1), true),
            ("mug-07".to_owned(), Some(0), false),
        ];
        assert_eq!(shown(&relative), expected, "{file}");
    }
}

#[test]
fn labels_find_images_through_links() {
    let folder = Folder::new();
    folder.write("store/key-01.png", "key");
    std::os::unix::fs::symlink(
        folder.path("store/key-01.png"),
        folder.path("data/images/key-01.png"),
    )
    .unwrap();
    std::os::unix::fs::symlink(folder.path("data"), folder.path("other")).unwrap();
    let [key, mug] = ["store/key-01.png", "other/images/mug-07.png"]
        .map(|path| folder.path(path).display().to_string());
    for more in ["", "images/mug-07.png,mug\n"] {
        folder.write(
            "data/labels.csv",
            format!("path,label\n{key},key\n{mug},mug\n{more}"),
        );
        let images = Images::read(&folder.study().unwrap()).unwrap();
        let classes = images.images.iter().map(|image| image.true_class);
        assert_eq!(classes.collect::<Vec<_>>(), [Some(1), Some(0)]);
        // Another row names the image itself.
        assert_eq!(images.warnings.is_empty(), more.is_empty());
    }
}

#[test]
fn masks_and_labels_find_images_in_another_unicode_form() {
    let folder = Folder::new();
    folder.write("data/images/gru\u{308}n.png", "key");
    folder.write("data/masks/gr\u{fc}n.png", "mask");
    folder.write(
        "data/labels.csv",
        "path,label\nmug-07.png,mug\ngr\u{fc}n.png,key\n",
    );
    let images = Images::read(&folder.study().unwrap()).unwrap();
    assert_eq!(images.warnings, Vec::<String>::new());
    assert_eq!(
        (images.images[0].true_class, images.images[0].mask.is_some()),
        (Some(1), true)
    );
    folder.write("data/images/gr\u{fc}n.jpg", "key");
    let shown = problems(&folder);
    assert!(shown.contains("have the same letters"), "{shown}");
}

#[test]
fn pictures_of_other_formats_are_counted() {
    let folder = Folder::new();
    for name in [
        "a.jfif",
        "b.JPE",
        "c.jif",
        "d.TIF",
        "e.gif",
        "f.HEIC",
        "g.avif",
        "h.heic",
        "notes.txt",
    ] {
        folder.write(&format!("data/images/{name}"), name);
    }
    folder.write("data/masks/mug-07.gif", "mask");
    assert_eq!(names(&folder), ["a", "b", "c", "d", "mug-07"]);
    let images = Images::read(&folder.study().unwrap()).unwrap();
    insta::assert_snapshot!(folder.plain(&images.warnings.join("\n")), @"
        the image folder `data/images` has pictures that are not read: 4 that end in avif, gif, heic, such as `data/images/e.gif`; save them as PNG or JPEG
        the mask folder `data/masks` has pictures that are not read: 1 that end in gif, such as `data/masks/mug-07.gif`; save them as PNG or JPEG
        ");
    for name in ["a.jfif", "b.JPE", "c.jif", "d.TIF", "mug-07.png"] {
        std::fs::remove_file(folder.path("data/images").join(name)).unwrap();
    }
    insta::assert_snapshot!(problems(&folder), @"
        error: the image folder `data/images` has no images
         |
         = note: the image folder `data/images` has pictures that are not read: 4 that end in avif, gif, heic, such as `data/images/e.gif`; save them as PNG or JPEG
         = help: add files that end in png, jpg, jpeg, jpe, jif, jfif, webp, tif, tiff, bmp
        ");
}

#[test]
fn a_pipe_among_the_images_is_a_problem_and_not_opened() {
    let folder = Folder::new();
    for name in ["pipe.png", "pipe"] {
        let pipe = folder.path("data/images").join(name);
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
    }
    insta::assert_snapshot!(problems(&folder), @"error: the image `data/images/pipe.png` is a pipe, socket or device, not a regular file");
}

#[test]
fn a_line_break_in_a_name_is_a_part_of_the_name_and_escaped_in_messages() {
    let folder = Folder::new();
    folder.write("data/images/a\nb.png", "one");
    folder.write("data/images/copy.png", "one");
    folder.write("data/images/more\r/b.gif", "two");
    folder.write("data/masks/lost\u{1b}.png", "mask");
    folder.write(
        "data/labels.csv",
        "path,label\n\"a\nb.png\",key\nmug-07.png,mug\n\"gone\n.png\",0\n",
    );
    assert_eq!(names(&folder), ["a\nb", "copy", "mug-07"]);
    let sources = crate::Sources::read(&folder.study().unwrap()).unwrap();
    assert_eq!(sources.image(0).true_class, Some(1));
    let warnings = &sources.images.warnings;
    assert_eq!(warnings.len(), 4, "{warnings:?}");
    assert!(
        !warnings.concat().contains(char::is_control),
        "{warnings:?}"
    );
    let subject = crate::plan::Subject {
        image: Some(0),
        ..Default::default()
    };
    assert_eq!(subject.describe(&sources), "a\\nb");
    folder.edit("require_correct = false", "require_correct = true");
    assert!(problems(&folder).contains("has no label for `copy`"));
}

#[test]
fn masks_and_labels_find_their_images() {
    let folder = Folder::new();
    folder.write("data/images/more/key-01.png", "key");
    folder.write("data/masks/more/key-01.bmp", "mask");
    folder.write("data/masks/lost.png", "mask");
    folder.write(
        "data/labels.csv",
        "path,label\nmug-07.png,mug\nmore/key-01.png,1\ngone.png,1\n",
    );
    let images = Images::read(&folder.study().unwrap()).unwrap();
    let found: Vec<_> = images
        .images
        .iter()
        .map(|image| (image.true_class, image.mask.is_some()))
        .collect();
    assert_eq!(found, [(Some(1), true), (Some(0), false)]);
    insta::assert_snapshot!(folder.plain(&images.warnings.join("\n")), @"
        data/labels.csv:4: there is no image `gone.png`, so its label is not used
        the mask `data/masks/lost.png` belongs to no image
        ");
}

#[test]
fn masks_and_artifacts_inside_the_image_folder_are_no_images() {
    let folder = Folder::new();
    folder.write("data/images/masks/mug-07.png", "mask");
    folder.write("data/images/cache/report/figure.png", "figure");
    folder.edit("data/masks", "data/images/masks");
    folder.edit(
        "artifacts = \"artifacts-scenes\"",
        "artifacts = \"data/images/cache\"",
    );
    let images = Images::read(&folder.study().unwrap()).unwrap().images;
    assert_eq!(images.len(), 1);
    assert!(images[0].mask.is_some());
}

#[test]
fn two_masks_of_an_image_are_a_problem() {
    let folder = Folder::new();
    folder.write("data/masks/mug-07.png", "mask");
    folder.write("data/masks/mug-07.bmp", "mask");
    insta::assert_snapshot!(problems(&folder), @"
        error: two masks for one image: `data/masks/mug-07.bmp` and `data/masks/mug-07.png`
         |
         = help: remove one
        ");
}

#[test]
fn images_without_a_label_are_named_where_the_study_needs_one() {
    let folder = Folder::new();
    folder.write("data/images/key-01.png", "key");
    folder.write(
        "data/labels.csv",
        "path,label\nmug-07.png,mug\nkey_01.png,key\n",
    );
    insta::assert_snapshot!(problems(&folder), @"
        error: `require_correct = true` needs a label for every image, but `data/labels.csv` has no label for `key-01`
         |
         = note: data/labels.csv:3: there is no image `key_01.png`, so its label is not used; did you mean `key-01.png`?
         = help: add the missing rows, or change that setting in [images]
        ");
    folder.edit("require_correct = true", "require_correct = false");
    assert_eq!(
        Images::read(&folder.study().unwrap()).unwrap().images.len(),
        2
    );
}

#[test]
fn a_folder_without_images_is_a_problem() {
    let folder = Folder::new();
    std::fs::remove_file(folder.path("data/images/mug-07.png")).unwrap();
    insta::assert_snapshot!(problems(&folder), @"
        error: the image folder `data/images` has no images
         |
         = help: add files that end in png, jpg, jpeg, jpe, jif, jfif, webp, tif, tiff, bmp
        ");
}

#[cfg(unix)]
#[test]
fn links_are_followed_but_neither_in_circles_nor_into_nothing() {
    let folder = Folder::new();
    folder.write("elsewhere/b.png", "b");
    std::os::unix::fs::symlink(folder.path("elsewhere"), folder.path("data/images/more")).unwrap();
    std::os::unix::fs::symlink(
        folder.path("data/images"),
        folder.path("data/images/circle"),
    )
    .unwrap();
    assert_eq!(names(&folder), ["more__b", "mug-07"]);
    std::os::unix::fs::symlink(folder.path("gone.png"), folder.path("data/images/lost.png"))
        .unwrap();
    insta::assert_snapshot!(problems(&folder), @"error: the image `data/images/lost.png` is a link to a file that does not exist");
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_a_problem() {
    use std::os::unix::ffi::OsStrExt;
    let folder = Folder::new();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.png");
    std::fs::write(folder.path("data/images").join(name), "coffee").unwrap();
    insta::assert_snapshot!(problems(&folder), @"
        error: the name of the file `data/images/caf�.png` is not UTF-8 text
         |
         = help: rename it, because every table contains the names of images
        ");
}
