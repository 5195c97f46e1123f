//! libtorch's CUDA part, which is opened when the program runs, so that one program serves machines with a GPU and without.

/// Opens `libtorch_cuda.so` where the libtorch beside the program has it; says whether it did. To be called before the first tensor.
///
/// Opening registers the CUDA operations; [`tch::Cuda::is_available`] then tells whether there is a GPU to run them.
#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "dlopen has no safe form; the name is a constant, and the library stays open until the process ends"
)]
pub fn open_cuda() -> bool {
    let library = unsafe {
        libc::dlopen(
            c"libtorch_cuda.so".as_ptr(),
            libc::RTLD_NOW | libc::RTLD_GLOBAL,
        )
    };
    !library.is_null()
}

/// There is no CUDA here.
#[cfg(not(unix))]
pub fn open_cuda() -> bool {
    false
}
