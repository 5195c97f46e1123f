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

/// Lets convolutions and products of matrices on a GPU keep 10 bits of each factor (TF32), or forbids it, for the whole process. libtorch lets
/// convolutions do so unless it is told otherwise. False where this libtorch does not have the switches.
#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "tch has no form of these; the names are those of C++ functions of two known signatures in the pinned libtorch, called only if they are there"
)]
pub(crate) fn allow_tf32(allowed: bool) -> bool {
    use std::mem::transmute;

    let context = function(c"_ZN2at13globalContextEv");
    let convolutions = function(c"_ZN2at7Context17setAllowTF32CuDNNEb");
    let products = function(c"_ZN2at7Context18setAllowTF32CuBLASEb");
    let (Some(context), Some(convolutions), Some(products)) = (context, convolutions, products)
    else {
        return false;
    };
    unsafe {
        let context: unsafe extern "C" fn() -> *mut libc::c_void = transmute(context);
        let context = context();
        for setter in [convolutions, products] {
            let setter: unsafe extern "C" fn(*mut libc::c_void, bool) = transmute(setter);
            setter(context, allowed);
        }
    }
    true
}

/// There is no CUDA here.
#[cfg(not(unix))]
pub(crate) fn allow_tf32(_: bool) -> bool {
    false
}

/// A function of the libraries that are loaded.
#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "dlsym has no safe form; the name ends in a zero byte"
)]
fn function(name: &std::ffi::CStr) -> Option<*mut libc::c_void> {
    let found = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    (!found.is_null()).then_some(found)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "as above")]
    fn this_libtorch_has_the_switches_of_tf32_and_they_switch() {
        let allowed = || {
            let context = function(c"_ZN2at13globalContextEv").unwrap();
            let products = function(c"_ZNK2at7Context15allowTF32CuBLASEv").unwrap();
            unsafe {
                let context: unsafe extern "C" fn() -> *mut libc::c_void =
                    std::mem::transmute(context);
                let products: unsafe extern "C" fn(*mut libc::c_void) -> bool =
                    std::mem::transmute(products);
                products(context())
            }
        };
        assert!(allow_tf32(true));
        assert!(allowed());
        assert!(allow_tf32(false));
        assert!(!allowed());
    }
}
