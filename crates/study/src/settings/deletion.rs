//! `[deletion]`: how features are removed while the network is watched (Montavon et al. 2018).

use removal::{Order, Replacement};

/// The noise of ROAD (Rong et al. 2022).
const ROAD_NOISE: f64 = 0.01;

config::settings! {
    /// How superpixels are removed while the network is evaluated. Every explanation is judged in each order with each replacement.
    #[derive(Clone)]
    pub struct Settings {
        /// Which superpixels go first.
        orders: Vec<Order> = vec![Order::MostRelevantFirst];
        /// What removed superpixels show. A replacement favours the methods that use it themselves.
        replacements: Vec<Replacement> = vec![Replacement::Mean];
        /// Whether each superpixel is also removed alone, once for all methods. This takes as many forward passes as one curve for each image,
        /// network, partition and replacement. The measures `single_deletion` and `saco_superpixels` have rows only with it.
        singles: bool = true;
        /// Standard deviation of the noise of `noisy_linear`, for values from 0 to 1.
        noise: f64 [0.0..=1.0] = ROAD_NOISE;
    }
}
