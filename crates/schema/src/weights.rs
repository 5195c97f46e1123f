//! Table `weights`: what methods estimate from the answers to masks, a value for each superpixel.

crate::table! {
    /// A superpixel in an explanation. The figures of the fit are repeated in every row.
    #[table = "weights"]
    #[keys(image, network, partition, method, run)]
    pub struct Weight {
        /// The superpixel, from 0.
        #[unit = "superpixel id"]
        pub superpixel: u16,
        /// Signed weight: change of the explained class's probability when the superpixel is kept, or of its logit where the study measures logits. 0
        /// where the superpixel was not chosen.
        #[unit = "probability"]
        pub weight: f64,
        /// Sandwich standard error of the weight. Null where the superpixel was not chosen, with fewer than 20 clusters of samples, or for a method
        /// without standard errors.
        #[unit = "probability"]
        #[range(0 ..)]
        pub standard_error: Option<f64>,
        /// Place of the superpixel by weight, highest first, from 0; ties by lower superpixel.
        #[unit = "place"]
        pub rank: u32,
        /// What the fit predicts for the image without any superpixel. Null for a method without a fit, as are the next two columns.
        #[unit = "probability"]
        pub intercept: Option<f64>,
        /// Weighted coefficient of determination of the fit, at most 1.
        #[unit = "1"]
        #[range(..= 1)]
        pub r2: Option<f64>,
        /// What the fit predicts for the untouched image.
        #[unit = "probability"]
        pub local_prediction: Option<f64>,
    }
}
