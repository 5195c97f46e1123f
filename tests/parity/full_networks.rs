//! Networks of full size, as weight files in every format and as .pt2: what `make oracles` leaves in target/oracles.

use super::cams;
use super::networks::{LOGITS, load};
use super::numbers::{Numbers, relative};
use super::table::Table;
use crate::study_folder::repository;

const FILES: [&str; 3] = [".pth", "_legacy.pth", ".safetensors"];

pub(super) fn table() -> Option<Table> {
    let folder = repository().join("target/oracles");
    let logits = folder.join("logits.safetensors");
    if !logits.exists() || !folder.join("token_cams.safetensors").exists() {
        return None;
    }
    let file = Numbers::read(&logits);
    let image = file.image("image");
    let mut table = Table::default();
    for network in ["alexnet", "resnet50"] {
        let expected = file.f32s(&format!("{network}.logits"));
        for ending in FILES {
            let name = format!("{network}{ending}");
            let found = load(&folder.join(&name), network, 1.0)
                .logits(&image)
                .unwrap();
            let quantity = format!("logits of {name}, of the largest");
            table.note(quantity, "torchvision", relative(&found, &expected), LOGITS);
        }
    }
    let transformers = ["vit_b_16", "deit_tiny_distilled", "swin_t"];
    cams::compare_tokens(&mut table, &folder, &transformers);
    Some(table)
}
