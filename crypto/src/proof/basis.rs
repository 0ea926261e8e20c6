//! The lexicographically first basis of the rows, and random elements of their kernel (proof.md, section 4).
//!
//! Rows are reduced one after another by those of the basis before them; the multiples used are kept. A combination of
//! rows is zero if the multiples of each row of the basis add up to zero, so one pass backwards over the multiples solves
//! for a kernel element.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::linear::Rows;
use super::rejection::Refusal;
use super::residues::{Element, Residues};
use super::xof::Stream;

/// Entries that elimination may touch, and may keep, beyond [`FILL`] times those of the rows.
const MOST_WORK: u64 = 1 << 32;
const MOST_KEPT: u64 = 1 << 26;
const FILL: u64 = 16;
const NONE: u32 = u32::MAX;

/// What a row is to the basis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// In the basis.
    Basis,
    /// A combination of rows of the basis before it.
    Dependent,
    /// Equal to an earlier row, by its position.
    Copy(u32),
}

/// The rows in sorted order with their roles, and by which multiples of earlier rows of the basis each is reduced.
#[derive(Clone, Debug)]
pub(super) struct Basis<E> {
    order: Vec<u32>, // by position: the row
    roles: Vec<Role>,
    ends: Vec<usize>, // by position: where its multiples end
    positions: Vec<u32>,
    multiples: Vec<E>,
}

impl<E: Element> Basis<E> {
    /// Reduces the rows, the sparsest first.
    ///
    /// # Errors
    /// When that takes too much work: nothing is decided then.
    pub(super) fn of<M: Residues<Element = E>>(m: &M, rows: &Rows<E>, wires: u32) -> Result<Self, Refusal> {
        Self::within(m, rows, wires, MOST_WORK)
    }

    fn within<M: Residues<Element = E>>(
        m: &M,
        rows: &Rows<E>,
        wires: u32,
        most_work: u64,
    ) -> Result<Self, Refusal> {
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_by_key(|&row| rows.get(row as usize).0.len());
        let mut basis = Self {
            roles: Vec::with_capacity(order.len()),
            ends: Vec::with_capacity(order.len()),
            positions: Vec::new(),
            multiples: Vec::new(),
            order,
        };
        let mut elimination = Elimination::new(m, rows, wires, most_work);
        for (position, copy) in copies(rows, &basis.order).into_iter().enumerate() {
            let role = match copy {
                NONE => {
                    let row = rows.get(basis.order[position] as usize);
                    elimination.reduce(row, &mut basis);
                    if elimination.keep(position as u32) { Role::Basis } else { Role::Dependent }
                }
                earlier => Role::Copy(earlier),
            };
            basis.roles.push(role);
            basis.ends.push(basis.positions.len());
            if elimination.is_too_much(basis.positions.len()) {
                let reason = "the linear statement fills in beyond the work limit of this program";
                return Err(Refusal::NotDecided(reason.into()));
            }
        }
        Ok(basis)
    }

    /// Number of rows in the basis.
    #[cfg(test)]
    pub(super) fn rank(&self) -> usize {
        self.roles.iter().filter(|&&role| role == Role::Basis).count()
    }

    /// A random y with `y^T S = 0`, by row: uniform outside the basis.
    pub(super) fn kernel<M: Residues<Element = E>>(&self, m: &M, bits: u32, stream: &mut Stream) -> Vec<E> {
        let count = self.order.len();
        let mut by_row = vec![E::default(); count];
        let mut sums = vec![E::default(); count]; // by position: multiples so far, each times its row's coefficient
        let mut copied = vec![E::default(); count]; // by position: coefficients of its copies
        for (position, role) in self.roles.iter().enumerate() {
            if *role != Role::Basis {
                by_row[self.order[position] as usize] = stream.uniform(m, bits);
            }
            if let Role::Copy(earlier) = *role {
                let sum = copied[earlier as usize];
                copied[earlier as usize] = m.add(sum, by_row[self.order[position] as usize]);
            }
        }
        for position in (0..count).rev() {
            let own = &mut by_row[self.order[position] as usize];
            let total = match self.roles[position] {
                Role::Copy(_) => continue,
                Role::Dependent => m.add(*own, copied[position]),
                Role::Basis => {
                    let total = m.neg(sums[position]);
                    *own = m.sub(total, copied[position]);
                    total
                }
            };
            let start = if position == 0 { 0 } else { self.ends[position - 1] };
            for at in start..self.ends[position] {
                let sum = &mut sums[self.positions[at] as usize];
                *sum = m.add(*sum, m.mul(self.multiples[at], total));
            }
        }
        by_row
    }
}

/// By position: an earlier row that is equal, or none.
fn copies<E: Element>(rows: &Rows<E>, order: &[u32]) -> Vec<u32> {
    let hasher = DefaultHashBuilder::default();
    let mut known: HashTable<(u64, u32)> = HashTable::with_capacity(order.len());
    let row = |position: u32| rows.get(order[position as usize] as usize);
    let copy = |position: u32| {
        let hash = hasher.hash_one(row(position));
        let same = |&(other, earlier): &(u64, u32)| other == hash && row(earlier) == row(position);
        if let Some(&(_, earlier)) = known.find(hash, same) {
            return earlier;
        }
        known.insert_unique(hash, (hash, position), |&(hash, _)| hash);
        NONE
    };
    (0..order.len() as u32).map(copy).collect()
}

/// Reduced rows of the basis, and the row that is being reduced.
struct Elimination<'a, M: Residues> {
    m: &'a M,
    uses: Vec<u32>,   // by wire: rows that contain it
    pivots: Vec<u32>, // by wire: the reduced row whose pivot it is
    // reduced rows
    row_positions: Vec<u32>,
    row_pivots: Vec<(u32, M::Element)>, // with the inverse of the pivot's value
    row_ends: Vec<usize>,
    row_wires: Vec<u32>,
    row_values: Vec<M::Element>,
    // the row at hand
    values: Vec<M::Element>, // by wire
    seen: Vec<bool>,         // by wire
    touched: Vec<u32>,
    due: BinaryHeap<Reverse<u32>>, // reduced rows that may have to be taken out, the first one first
    work: u64,
    most_work: u64,
    most_kept: u64,
}

impl<'a, M: Residues> Elimination<'a, M> {
    fn new(m: &'a M, rows: &Rows<M::Element>, wires: u32, most_work: u64) -> Self {
        let mut uses = vec![0; wires as usize];
        let mut entries = 0;
        for row in 0..rows.len() {
            rows.get(row).0.iter().for_each(|&wire| uses[wire as usize] += 1);
            entries += rows.get(row).0.len() as u64;
        }
        Self {
            m,
            uses,
            pivots: vec![NONE; wires as usize],
            row_positions: Vec::new(),
            row_pivots: Vec::new(),
            row_ends: Vec::new(),
            row_wires: Vec::new(),
            row_values: Vec::new(),
            values: vec![M::Element::default(); wires as usize],
            seen: vec![false; wires as usize],
            touched: Vec::new(),
            due: BinaryHeap::new(),
            work: 0,
            most_work: most_work + FILL * entries,
            most_kept: MOST_KEPT + FILL * entries,
        }
    }

    /// Takes out of a row what the reduced rows can take; a reduced row holds no pivot of those before it.
    fn reduce(&mut self, (wires, values): (&[u32], &[M::Element]), basis: &mut Basis<M::Element>) {
        for (&wire, &value) in wires.iter().zip(values) {
            self.add(wire, value);
        }
        while let Some(Reverse(number)) = self.due.pop() {
            let (pivot, inverse) = self.row_pivots[number as usize];
            let value = std::mem::take(&mut self.values[pivot as usize]);
            if value == M::Element::default() {
                continue;
            }
            let multiple = self.m.mul(value, inverse);
            basis.positions.push(self.row_positions[number as usize]);
            basis.multiples.push(multiple);
            let factor = self.m.neg(multiple);
            let start = if number == 0 { 0 } else { self.row_ends[number as usize - 1] };
            for at in start..self.row_ends[number as usize] {
                let term = self.m.mul(factor, self.row_values[at]);
                self.add(self.row_wires[at], term);
            }
        }
    }

    fn add(&mut self, wire: u32, value: M::Element) {
        self.work += 1;
        let place = wire as usize;
        self.values[place] = self.m.add(self.values[place], value);
        if !std::mem::replace(&mut self.seen[place], true) {
            self.touched.push(wire);
            if self.pivots[place] != NONE {
                self.due.push(Reverse(self.pivots[place]));
            }
        }
    }

    /// Adds what is left of the row to the reduced ones; whether anything is left. Its pivot is the wire that the
    /// fewest rows contain.
    fn keep(&mut self, position: u32) -> bool {
        let mut left = std::mem::take(&mut self.touched);
        left.iter().for_each(|&wire| self.seen[wire as usize] = false);
        left.retain(|&wire| self.values[wire as usize] != M::Element::default());
        let pivot = left.iter().copied().min_by_key(|&wire| (self.uses[wire as usize], wire));
        if let Some(pivot) = pivot {
            self.pivots[pivot as usize] = self.row_positions.len() as u32;
            self.row_positions.push(position);
            self.row_pivots.push((pivot, self.m.inv(self.values[pivot as usize])));
            for &wire in left.iter().filter(|&&wire| wire != pivot) {
                self.row_wires.push(wire);
                self.row_values.push(self.values[wire as usize]);
            }
            self.row_ends.push(self.row_wires.len());
        }
        left.iter().for_each(|&wire| self.values[wire as usize] = M::Element::default());
        left.clear();
        self.touched = left;
        pivot.is_some()
    }

    fn is_too_much(&self, multiples: usize) -> bool {
        self.work > self.most_work || (self.row_wires.len() + multiples) as u64 > self.most_kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::U256;
    use crate::proof::residues::Narrow;
    use crate::proof::xof::Xof;

    const Q: i64 = 4_193_393;

    /// Sparse rows with equal ones and dependent ones among them.
    fn rows(count: usize, wires: u32, stream: &mut Stream) -> Rows<u64> {
        let m = Narrow::new(U256::from(Q as u64)).unwrap();
        let mut lists: Vec<Vec<(u32, u64)>> = Vec::new();
        for number in 0..count {
            let old =
                if number > 0 { lists[usize::from(stream.byte()) % number].clone() } else { Vec::new() };
            if number % 5 == 4 && !old.is_empty() {
                lists.push(old);
                continue;
            }
            let terms = 1 + stream.byte() % 4;
            let mut list: Vec<_> = (0..terms)
                .map(|_| (u32::from(stream.byte()) % wires, m.small(1 + i64::from(stream.byte() % 3))))
                .collect();
            list.sort_unstable();
            list.dedup_by_key(|term| term.0);
            lists.push(list);
        }
        Rows::of_lists(&lists)
    }

    /// Which sorted rows are independent of those before them, by dense elimination.
    fn dense(m: &Narrow, rows: &Rows<u64>, order: &[u32], wires: usize) -> Vec<bool> {
        let mut reduced: Vec<(usize, Vec<u64>)> = Vec::new();
        let mut independent = Vec::new();
        for &row in order {
            let mut dense = vec![0; wires];
            let (places, values) = rows.get(row as usize);
            places.iter().zip(values).for_each(|(&wire, &value)| dense[wire as usize] = value);
            for (pivot, other) in &reduced {
                let factor = m.mul(dense[*pivot], m.inv(other[*pivot]));
                for (value, &other) in dense.iter_mut().zip(other) {
                    *value = m.sub(*value, m.mul(factor, other));
                }
            }
            let pivot = dense.iter().position(|&value| value != 0);
            independent.push(pivot.is_some());
            reduced.extend(pivot.map(|pivot| (pivot, dense)));
        }
        independent
    }

    #[test]
    fn the_basis_is_the_first_and_kernel_elements_add_up_to_zero() {
        let m = Narrow::new(U256::from(Q as u64)).unwrap();
        let mut stream = Xof::new("basis").stream();
        for count in [0, 1, 2, 10, 60, 200] {
            for wires in [1, 3, 20, 90] {
                let rows = rows(count, wires, &mut stream);
                let basis = Basis::of(&m, &rows, wires).unwrap();
                let roles: Vec<bool> = basis.roles.iter().map(|&role| role == Role::Basis).collect();
                assert_eq!(roles, dense(&m, &rows, &basis.order, wires as usize));
                let y = basis.kernel(&m, 22, &mut stream);
                let mut sums = vec![0; wires as usize];
                for (row, &y) in y.iter().enumerate() {
                    let (places, values) = rows.get(row);
                    for (&wire, &value) in places.iter().zip(values) {
                        sums[wire as usize] = m.add(sums[wire as usize], m.mul(y, value));
                    }
                }
                assert!(sums.iter().all(|&sum| sum == 0));
            }
        }
    }

    /// Too much work decides nothing.
    #[test]
    fn a_work_limit_is_no_verdict() {
        let m = Narrow::new(U256::from(Q as u64)).unwrap();
        let wires = 200;
        let mut stream = Xof::new("dense").stream();
        let mut value = || stream.uniform(&m, 22);
        let lists: Vec<Vec<_>> =
            (0..wires).map(|row| (row / 8..wires).map(|wire| (wire, value())).collect()).collect();
        let rows = Rows::of_lists(&lists);
        let refusal = Basis::within(&m, &rows, wires, 0).err();
        assert!(matches!(refusal, Some(Refusal::NotDecided(_))));
        assert!(Basis::of(&m, &rows, wires).is_ok());
    }
}
