//! Table `weights`: the surrogates' coefficients, one for each superpixel.

crate::table! {
    /// A superpixel in an explanation, with the surrogate's figures repeated in every row.
    #[table = "weights"]
    #[keys(image, network, partition, method, run)]
    pub struct Weight {
        /// The superpixel, from 0.
        #[unit = "superpixel id"]
        pub superpixel: u16,
        /// Signed coefficient: change of the explained class's probability when the superpixel is kept, or of its logit where the study measures logits; 0
        /// where it was not chosen.
        #[unit = "probability"]
        pub weight: f64,
        /// Sandwich standard error of the weight; null where it was not chosen, or with fewer than 20 clusters of samples.
        #[unit = "probability"]
        #[range(0 ..)]
        pub standard_error: Option<f64>,
        /// Place of the superpixel by weight, highest first, from 0; ties by lower superpixel.
        #[unit = "place"]
        pub rank: u32,
        /// Intercept of the surrogate.
        #[unit = "probability"]
        pub intercept: f64,
        /// Weighted coefficient of determination of the surrogate, at most 1.
        #[unit = "1"]
        #[range(..= 1)]
        pub r2: f64,
        /// The surrogate's prediction for the untouched image.
        #[unit = "probability"]
        pub local_prediction: f64,
    }
}
