//! What cannot be read, and what is said about it.

use super::*;

#[track_caller]
fn says(bytes: &[u8], parts: &[&str]) {
    let refusal = refusal(bytes);
    for part in parts {
        assert!(refusal.contains(part), "{part} is not in: {refusal}");
    }
}

fn input(json: &mut Value) -> &mut Value {
    &mut json["graph_module"]["graph"]["tensor_values"]["x"]
}

#[test]
fn another_schema_is_refused_by_its_version() {
    let other = |major: i64| changed("vit", |json| json["schema_version"]["major"] = major.into());
    says(
        &other(9),
        &[
            "version 9.",
            "only major version 8",
            "export the network again",
        ],
    );
    says(&other(7), &["version 7."]);
    // Whatever else it holds.
    let strange =
        changed(
            "vit",
            |json| *json = json!({"schema_version": {"major": 12, "minor": 1}, "graph_module": 3}),
        );
    says(&strange, &["version 12.1"]);
}

#[test]
fn a_cut_file_is_refused() {
    let bytes = fixture("rest");
    for length in (0..bytes.len()).step_by(97) {
        says(&bytes[..length], &["zip archive"]);
    }
    says(b"<html>", &["does not end with its directory"]);
}

#[test]
fn inputs_that_are_no_batches_of_images_are_refused_with_the_way_out() {
    let sized = |shape: &[i64]| changed("vit", |json| input(json)["sizes"] = lengths(shape).into());
    says(
        &sized(&[2, 3, 64, 64]),
        &[
            "batches of exactly 2 images",
            "dynamic_shapes",
            "torch.export.Dim(\"batch\"",
        ],
    );
    says(&sized(&[0, 1, 64, 64]), &["1 channel (grey)", "expected 3"]);
    says(&sized(&[0, 4, 64, 64]), &["4 channels", "expected 3"]);
    says(
        &sized(&[0, 64, 64, 3]),
        &["64 channels", "[batch, 3, height, width]"],
    );
    says(&sized(&[0, 768]), &["2 axes"]);
    let whole_numbers = changed("vit", |json| input(json)["dtype"] = 5.into());
    says(&whole_numbers, &["not of real numbers"]);
    let double = changed("vit", |json| input(json)["dtype"] = 8.into());
    says(&double, &["input is float64", "network.float()"]);
    let double = changed("vit", |json| {
        let tensors = &mut json["graph_module"]["graph"]["tensor_values"];
        tensors["p_heads_head_weight"]["dtype"] = 8.into();
    });
    says(
        &double,
        &["`heads.head.weight` is float64", "network.float()"],
    );
    let two = changed("vit", |json| {
        let inputs = json["graph_module"]["signature"]["input_specs"]
            .as_array_mut()
            .unwrap();
        let user = inputs.last().unwrap().clone();
        inputs.push(user);
    });
    says(&two, &["takes 2 inputs", "expected one"]);
}

#[test]
fn any_height_and_width_is_told_apart_from_a_fixed_one() {
    let bytes = changed("efficientnet", |json| {
        input(json)["sizes"][2] =
            json!({"as_expr": {"expr_str": "Symbol('s9', positive=True, integer=True)"}});
    });
    assert_eq!(read(&bytes).unwrap().size, [None, Some(64)]);
}

#[test]
fn all_unknown_operators_are_reported_at_once_with_their_modules_and_the_way_out() {
    let bytes = changed("vit", |json| {
        for node in json["graph_module"]["graph"]["nodes"]
            .as_array_mut()
            .unwrap()
        {
            match node["target"].as_str().unwrap() {
                "torch.ops.aten.gelu.default" => {
                    node["target"] = "torch.ops.aten.grid_sampler_2d.default".into();
                }
                "torch.ops.aten.linear.default" => {
                    node["target"] = "torch.ops.torchvision.deform_conv2d.default".into();
                }
                "torch.ops.aten.layer_norm.default" => {
                    node["target"] = "torch.ops.higher_order.cond".into();
                }
                "torch.ops.aten.conv2d.default" => {
                    node["target"] = "torch.ops.quantized.conv2d.new".into();
                }
                _ => {}
            }
        }
    });
    says(
        &bytes,
        &[
            "`torch.ops.aten.grid_sampler_2d.default` in `encoder.layers.encoder_layer_0.mlp.1`: not a known operator",
            "`torch.ops.torchvision.deform_conv2d.default`",
            "and 4 more",
            "control flow",
            "quantised networks",
            "exported.run_decompositions()",
        ],
    );
    // What only reads their results is no problem of its own.
    let Refusal::Operators(problems) = read(&bytes).unwrap_err() else {
        panic!("it is about operators");
    };
    assert_eq!(problems.len(), 4);
}

#[test]
fn an_unknown_operator_that_no_answer_depends_on_is_no_problem_unless_it_writes() {
    let network = |operator: &str| {
        Written::new()
            .then(
                "aten.neg.default",
                &json!({"self": tensor("x")}),
                "a",
                &[0, 3, 4, 4],
            )
            .then(operator, &json!({"self": tensor("a")}), "b", &[0, 3, 4, 4])
            .then(
                "aten.exp.default",
                &json!({"self": tensor("b")}),
                "c",
                &[0, 3, 4, 4],
            )
            .gives("a")
    };
    let bytes = network("aten.erfinv.default");
    assert_eq!(listing(&read(&bytes).unwrap().graph), "a = Unary of x\na");
    says(&network("aten.erfinv_.default"), &["erfinv_"]);
    says(&network("mine.any.default"), &["mine.any"]);
}

#[test]
fn several_networks_in_a_file_are_refused_by_their_names() {
    let mut entries = entries(&fixture("vit"));
    entries.push(("models/other.json".to_owned(), b"{}".to_vec()));
    says(&zipped(&entries), &["model, other", "one of them"]);
    entries.retain(|(name, _)| !name.starts_with("models/"));
    says(&zipped(&entries), &["models/model.json"]);
}

/// A fixture with a change to the list of its weights.
fn weights(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut entries = entries(&fixture("vit"));
    let config = entries
        .iter_mut()
        .find(|(name, _)| name.ends_with("model_weights_config.json"));
    let (_, content) = config.unwrap();
    let mut json: Value = serde_json::from_slice(content).unwrap();
    change(&mut json["config"]);
    *content = serde_json::to_vec(&json).unwrap();
    zipped(&entries)
}

#[test]
fn weights_must_be_plain_lie_within_their_files_and_fit_the_graph() {
    let head = "heads.head.weight";
    says(
        &weights(|config| config[head]["use_pickle"] = true.into()),
        &[head, "pickle", "detach()"],
    );
    says(
        &weights(|config| config[head]["tensor_meta"]["storage_offset"]["as_int"] = 1.into()),
        &[head, "does not lie within"],
    );
    says(
        &weights(|config| {
            config[head]["tensor_meta"]["storage_offset"]["as_int"] = i64::MIN.into();
        }),
        &[head, "does not lie within"],
    );
    says(
        &weights(|config| config[head]["tensor_meta"]["strides"][0]["as_int"] = i64::MAX.into()),
        &[head, "does not lie within"],
    );
    says(
        &weights(|config| config[head]["tensor_meta"]["dtype"] = 8.into()),
        &[head, "does not lie within"],
    );
    says(
        &weights(|config| config[head]["tensor_meta"]["dtype"] = 4.into()),
        &[head, "I32", "Float"],
    );
    says(
        &weights(|config| config[head]["path_name"] = "../../etc/passwd".into()),
        &["no `data/weights/../../etc/passwd`"],
    );
    says(
        &weights(|config| drop(config.as_object_mut().unwrap().remove(head))),
        &[head, "missing"],
    );
    let turned = weights(|config| {
        let meta = &mut config["conv_proj.weight"]["tensor_meta"];
        meta["sizes"] = lengths(&[1, 1]).into();
    });
    says(&turned, &["conv_proj.weight"]);
}

/// Parameters that all are the same million bytes.
#[test]
fn numbers_cannot_be_used_again_and_again() {
    let large = meta(&[8, 3, 100, 100]);
    let mut entries = entries(&fixture("vit"));
    for (name, content) in &mut entries {
        let Ok(mut json) = serde_json::from_slice::<Value>(content) else {
            continue;
        };
        if name.ends_with("weights_config.json") {
            for payload in json["config"].as_object_mut().unwrap().values_mut() {
                payload["path_name"] = "shared".into();
                payload["tensor_meta"] = large.clone();
            }
        } else if name == "models/model.json" {
            let tensors = json["graph_module"]["graph"]["tensor_values"].as_object_mut();
            for (name, tensor) in tensors.unwrap() {
                if name.starts_with("p_") {
                    *tensor = large.clone();
                }
            }
        }
        *content = serde_json::to_vec(&json).unwrap();
    }
    entries.push((
        "data/weights/shared".to_owned(),
        vec![0; 8 * 3 * 100 * 100 * 4],
    ));
    says(&zipped(&entries), &["more than 2 times", "again and again"]);
}
