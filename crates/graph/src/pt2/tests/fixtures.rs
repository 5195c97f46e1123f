//! The networks in fixtures/, read whole.

use safetensors::SafeTensors;

use super::*;
use crate::testing::assert_consistent;

/// What 82 popular classifiers of timm and torchvision use, once PyTorch 2.11 has exported them; all but the first are of `ATen`.
const CENSUS: &str = "_operator.mul \
    _assert_tensor_metadata.default adaptive_avg_pool2d.default add.Tensor add_.Tensor addcmul.default alias.default amax.default arange.default \
    arange.start avg_pool2d.default batch_norm.default bitwise_not.default cat.default chunk.default clamp.default clamp_min.default clone.default \
    contiguous.default conv1d.default conv2d.default cos.default cumsum.default div.Tensor div.Tensor_mode dropout.default dropout_.default \
    einsum.default eq.Scalar exp.default expand.default expand_as.default fill_.Tensor flatten.using_ints gelu.default group_norm.default \
    hardsigmoid.default hardswish.default hardswish_.default hardtanh_.default index.Tensor layer_norm.default lift_fresh_copy.default \
    linalg_vector_norm.default linear.default masked_fill.Scalar matmul.default max_pool2d.default mean.dim meshgrid.indexing mul.Tensor ne.Scalar \
    neg.default new_zeros.default pad.default permute.default pow.Scalar pow.Tensor_Scalar relu.default relu_.default repeat.default reshape.default \
    reshape_as.default roll.default scaled_dot_product_attention.default select.int sigmoid.default silu.default silu_.default sin.default slice.Tensor \
    softmax.int split_with_sizes.default square.default squeeze.dim stack.default sub.Tensor swapaxes.default sym_size.int tanh.default to.device to.dtype \
    transpose.int type_as.default unbind.int unflatten.int unsqueeze.default upsample_bicubic2d.vec upsample_nearest2d.vec view.default zero_.default \
    zeros.default";

/// What scripts/oracles/graphs.py says about a network.
fn note(name: &str, key: &str) -> String {
    let bytes = bytes(&format!("{name}.safetensors"));
    let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
    metadata.metadata().as_ref().unwrap()[key].clone()
}

#[test]
fn fixtures_have_all_operators_of_the_census() {
    let mut missing: std::collections::BTreeSet<String> =
        CENSUS.split_whitespace().map(str::to_owned).collect();
    assert_eq!(missing.len(), 92);
    for name in NETWORKS {
        for operator in note(name, "operators").split(' ') {
            missing.remove(operator.trim_start_matches("torch.ops.aten."));
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

fn check(program: &Program<'_>) {
    assert_consistent(&program.graph, &program.tensors);
    assert_eq!(program.size, [Some(64), Some(64)]);
}

#[test]
fn every_network_is_read_and_the_layer_of_its_oracle_found() {
    for name in NETWORKS {
        let bytes = fixture(name);
        let program = read(&bytes).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        check(&program);
        let layer = note(name, "layer");
        assert!(program.graph.find(&layer).is_some(), "{name}: {layer}");
        for (module, value) in program.graph.modules() {
            assert_eq!(program.graph.find(module), Some(value), "{name}: {module}");
        }
    }
}

#[test]
fn all_versions_of_pytorch_write_the_same_network() {
    let versions = versions();
    assert!(!versions.is_empty());
    let read_all: Vec<Vec<u8>> = versions.iter().map(|name| fixture(name)).collect();
    let first = read(&read_all[0]).unwrap();
    for (name, bytes) in versions.iter().zip(&read_all) {
        let program = read(bytes).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        check(&program);
        assert_eq!(listing(&program.graph), listing(&first.graph), "{name}");
        assert_eq!(
            program
                .torch
                .split(['.', '+'])
                .take(2)
                .collect::<Vec<_>>()
                .join("_"),
            name.trim_start_matches("torch_")
        );
        for (tensor, expected) in &first.tensors {
            assert_eq!(
                program.tensors[tensor].bytes(),
                expected.bytes(),
                "{name}: {tensor}"
            );
        }
    }
}

#[test]
fn a_layer_written_to_in_place_keeps_its_value() {
    let bytes = fixture("resnet");
    let graph = read(&bytes).unwrap().graph;
    let norm = graph.find("bn1").unwrap();
    let relu = graph.find("act1").unwrap();
    assert_ne!(norm, relu);
    let [node] = &graph
        .nodes
        .iter()
        .filter(|node| node.outputs == [relu])
        .collect::<Vec<_>>()[..]
    else {
        panic!("one node gives `act1`");
    };
    assert_eq!(node.inputs, [norm]);
}

#[test]
fn modules_that_do_nothing_are_found_by_what_they_were_given() {
    let bytes = fixture("deit");
    let graph = read(&bytes).unwrap().graph;
    assert_eq!(
        graph.find("blocks.0.mlp.drop1"),
        graph.find("blocks.0.mlp.act")
    );
    assert!(graph.find("blocks.7").is_none());
    assert!(graph.find("").is_none());
}

#[test]
fn parameters_know_what_they_are_for() {
    let bytes = fixture("torch_2_11");
    let graph = read(&bytes).unwrap().graph;
    let role = |name: &str| {
        graph
            .parameters
            .iter()
            .find(|parameter| parameter.name == name)
            .unwrap()
            .role
    };
    for (name, expected) in [
        ("patch.weight", Role::Weight),
        ("bn.weight", Role::Ones),
        ("bn.bias", Role::Zeros),
        ("bn.running_mean", Role::Mean),
        ("bn.running_var", Role::Variance),
        ("cls", Role::Weight),
        ("head.weight", Role::OutputWeight),
        ("scale", Role::Constant),
    ] {
        assert_eq!(role(name), expected, "{name}");
    }
    let trained: Vec<&str> = graph
        .trained()
        .iter()
        .map(|trained| trained.module)
        .collect();
    assert_eq!(trained, ["patch", "bn", "", "norm", "head"]);
    // Counters of batches are read by nothing.
    assert!(
        graph
            .parameters
            .iter()
            .all(|parameter| !parameter.name.contains("num_batches"))
    );
}
