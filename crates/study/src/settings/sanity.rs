//! `[sanity]`: explanations of the networks with their upper layers random (Adebayo et al. 2018).

config::settings! {
    /// Which explanations are repeated with the upper layers of the networks random (Adebayo et al. 2018).
    #[derive(Clone, Copy)]
    pub struct Settings {
        /// Number of images, the first by name, except those that the study drops.
        images: u32 [0..=u32::MAX] = 0;
        /// Number of steps from the output layer down to the input.
        depths: u32 [1..=1000] = 4;
    }
}
