//! Attention maps are values like others.

use graph::{Op, Size};

use super::*;

/// Two heads over tokens [batch, heads, tokens, features], one mask, and logits of the first token.
fn attentive(causal: bool, mask: Option<graph::Kind>) -> Graph {
    let mut sketch = Sketch::new();
    let mut inputs = Vec::new();
    for name in ["query", "key", "value"] {
        let weight = sketch.parameter(&format!("{name}.weight"), &[6, 6], Role::Weight);
        let projected = sketch.node(Op::Linear, &[Id(0), weight], name);
        let heads = Op::Unflatten {
            axis: 2,
            shape: [2, 3].map(|fixed| Size { each: 0, fixed }).to_vec(),
        };
        let heads = sketch.node(heads, &[projected], &format!("{name}.heads"));
        inputs.push(sketch.node(
            Op::Transpose { axes: [1, 2] },
            &[heads],
            &format!("{name}.first"),
        ));
    }
    if let Some(kind) = mask {
        let table = sketch.parameter("mask", &[5, 5], Role::Weight);
        let shown = Op::Clamp {
            least: Some(graph::Number::Int(0)),
            most: None,
        };
        let shown = sketch.node(shown, &[table], "shown");
        inputs.push(sketch.node(Op::To { kind }, &[shown], "typed"));
    }
    let attention = sketch.node(
        Op::Attention {
            causal,
            scale: None,
        },
        &inputs,
        "attention",
    );
    let back = sketch.node(Op::Transpose { axes: [1, 2] }, &[attention], "back");
    let row = sketch.node(Op::Flatten { from: 1, to: -1 }, &[back], "row");
    let weight = sketch.parameter("head.weight", &[CLASSES, 30], Role::OutputWeight);
    let logits = sketch.node(Op::Linear, &[row, weight], "logits");
    sketch.finish(logits)
}

#[test]
fn fused_attention_and_its_parts_agree_and_so_do_gradients() {
    let cases = [
        (false, None),
        (true, None),
        (false, Some(graph::Kind::Double)),
        (false, Some(graph::Kind::Bool)),
    ];
    for (causal, mask) in cases {
        let graph = attentive(causal, mask);
        let tokens = noise(&[2, 5, 6], 21);
        let before = named(&graph, "value.heads");
        let fused = plain(&graph, Kind::Double);
        let expected = through(&fused, before, &tokens);
        let shapes = fused.shapes(&tokens).unwrap();
        let (split, maps) = plain(&graph, Kind::Double)
            .with_attention_maps(&shapes)
            .unwrap();
        assert_eq!(maps.len(), 1);
        let split = split.prepared(DOUBLE, &[before, maps[0]]).unwrap();
        for (found, expected) in through(&split, before, &tokens).iter().zip(&expected) {
            assert!(difference(found, expected) < 1e-12, "{causal} {mask:?}");
        }
        let [logits, map, gradient] = through(&split, maps[0], &tokens);
        assert!(difference(&logits, &expected[0]) < 1e-12);
        assert_eq!(map.size(), [2, 2, 5, 5]);
        assert!(
            difference(
                &map.sum_dim_intlist(-1, false, None::<Kind>),
                &Tensor::ones([2, 2, 5], (Kind::Double, Device::Cpu))
            ) < 1e-12
        );
        assert!(gradient.abs().max().double_value(&[]) > 0.0);
        if causal {
            assert!(map.triu(1).abs().max().double_value(&[]) < 1e-300);
        }
    }
}

/// What a network computes step by step is found as well.
#[test]
fn attention_that_was_never_fused_is_found() {
    let graph = attentive(false, None);
    let fused = plain(&graph, Kind::Double);
    let shapes = fused.shapes(&noise(&[1, 5, 6], 2)).unwrap();
    let (split, maps) = fused.with_attention_maps(&shapes).unwrap();
    let (again, found) = split.with_attention_maps(&shapes).unwrap();
    assert_eq!(maps, found);
    assert_eq!(again.graph().values[found[0].0], "attention.map");
}
