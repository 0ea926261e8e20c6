//! Work on all cores.

use rayon::prelude::*;

/// What `work` gives for every number below `count`, in their order.
///
/// The closure is not generic: a quarter of the crate's code was copies of rayon, one for every closure.
pub(crate) fn each<T: Send>(count: usize, work: &(dyn Fn(usize) -> T + Sync)) -> Vec<T> {
    (0..count).into_par_iter().map(work).collect()
}
