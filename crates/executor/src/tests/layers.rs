//! Default layers and the layouts of tokens.

use super::fixtures::{Fixture, NAMES};
use super::*;
use crate::layers::{TokenLayout, candidates};

#[test]
fn the_default_layer_of_built_in_networks_is_that_of_their_table() {
    for name in KINDS {
        let graph = built(name);
        let executor = plain(&graph, Kind::Double);
        let images = images(Kind::Double);
        let shapes = executor.shapes(&images).unwrap();
        let found = executor.default_layer(&shapes, &images).unwrap().unwrap();
        let architecture: Architecture = name.parse().unwrap();
        assert_eq!(found.name, architecture.layer());
        assert_eq!(found.layout, TokenLayout::ChannelsFirst);
    }
}

#[test]
fn of_networks_from_files_it_is_the_last_map_or_the_norm_before_the_last_attention() {
    let found: Vec<String> = NAMES
        .into_iter()
        .map(|name| {
            let fixture = Fixture::read(name);
            let executor = fixture.executor();
            let shapes = executor.shapes(&fixture.images()).unwrap();
            let found = executor
                .default_layer(&shapes, &fixture.images())
                .unwrap()
                .unwrap();
            format!("{name} {} {:?} {:?}", found.name, found.layout, found.shape)
        })
        .collect();
    let expected = [
        "convnext stages ChannelsFirst [2, 8, 8, 8]",
        "deit blocks.1.norm1 Tokens { prefix: 2, grid: [8, 8] } [2, 66, 8]",
        "detached add ChannelsFirst [2, 8, 8, 8]",
        "dinov3 blocks.0.norm1 Tokens { prefix: 5, grid: [8, 8] } [2, 69, 8]",
        "efficientnet features ChannelsFirst [2, 24, 8, 8]",
        "half relu ChannelsFirst [2, 8, 8, 8]",
        "mobilenet features ChannelsFirst [2, 48, 16, 16]",
        "resnet layer2 ChannelsFirst [2, 8, 8, 8]",
        "rest add_4 ChannelsFirst [2, 8, 12, 12]",
        // Its norms are behind what they norm.
        "swin features.1.0.norm2 ChannelsLast [2, 8, 8, 4]",
        "vit encoder.layers.encoder_layer_0.ln_1 Tokens { prefix: 1, grid: [8, 8] } [2, 65, 8]",
    ];
    assert_eq!(found, expected);
}

#[test]
fn activations_and_gradients_of_tokens_become_maps() {
    // Deit has a class and a distillation token before 8x8 places.
    let fixture = Fixture::read("deit");
    let executor = fixture.executor();
    let shapes = executor.shapes(&fixture.images()).unwrap();
    let layer = executor.graph().find(&fixture.layer).unwrap();
    let candidates = candidates(executor.graph(), &shapes);
    let found = candidates
        .iter()
        .find(|candidate| candidate.value == layer)
        .unwrap();
    let [_, activation, gradient] = through(&executor, layer, &fixture.images());
    for tensor in [activation, gradient] {
        let map = found.layout.to_map(&tensor).unwrap();
        assert_eq!(map.size(), [2, 8, 8, 8]);
        assert!(
            map.select(2, 1)
                .select(2, 3)
                .equal(&tensor.select(1, 2 + 11))
        );
    }
    assert!(
        found
            .layout
            .to_map(&Tensor::zeros([2, 3], (Kind::Float, Device::Cpu)))
            .is_err()
    );
}
