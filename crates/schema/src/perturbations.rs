//! Table `perturbations`: which masks a method asked, and what the network answered.

crate::table! {
    /// The samples of one explanation: masks over superpixels and the network's answers.
    #[table = "perturbations"]
    #[keys(image, network, method, run)]
    pub struct Perturbations {
        /// Name of the partition that the masks belong to; null for RISE, whose masks do not belong to a partition.
        #[unit = "name"]
        pub partition: Option<String>,
        /// How the masks were drawn, such as `coin`.
        #[unit = "name"]
        pub sampler: String,
        /// Number format of the network: `fp32`, `tf32`, `bf16`, or `mixed` (`bf16` for all masks, and `fp32` too for some).
        #[unit = "name"]
        pub precision: String,
        /// The explained class.
        #[unit = "class id"]
        pub target_class: u32,
        /// Number of masks, including the untouched image (row 0).
        #[unit = "masks"]
        pub samples: u32,
        /// Number of superpixels, d; for RISE, the number of cells of its grid.
        #[unit = "superpixels"]
        pub superpixels: u32,
        /// The masks one after another, ceil(d / 8) bytes each, lowest bit first, 1 where a superpixel is kept. Row 0 is all ones, and the bits after
        /// the last superpixel are 0.
        #[unit = "bits"]
        pub masks: Vec<u8>,
        /// For `kernelshap`, how many of the rows from the third on are enumerated (all masks of some sizes) instead of drawn; 0 for other methods.
        #[unit = "masks"]
        pub enumerated: u32,
        /// How often each mask was drawn; empty where each was drawn once, or repeated draws have rows of their own.
        #[unit = "1"]
        pub repeats: Vec<u32>,
        /// For RISE, how much each mask's grid is shifted up and to the left: two numbers for each mask. Their unit is a 65,536th of a cell of
        /// ceil(side of the crop / cells of a side) pixels. Empty for other methods.
        #[unit = "1/65536 cell"]
        pub shifts: Vec<u16>,
        /// Probability of the explained class for each mask, from 0 to 1; or its logit, where the networks' `measured` says so. For `mixed`, the
        /// values of `bf16`.
        #[unit = "probability"]
        pub probabilities: Vec<f32>,
        /// For `mixed`, the rows that were re-evaluated in `fp32`. First come those that were certain to be, beginning with row 0. Then come equal
        /// random choices from the other even rows and from the other odd rows, in any order. Empty for other precisions.
        #[unit = "row"]
        pub reference_samples: Vec<u32>,
        /// The `fp32` answers to `reference_samples`.
        #[unit = "probability"]
        pub reference_probabilities: Vec<f32>,
        /// How many of `reference_samples` were certain to be re-evaluated.
        #[unit = "masks"]
        pub reference_certain: u32,
    }
}
