//! Products of limbs that are checked at points, `A(t) B(t) = C(t)`: elimination modulo p gives the coefficients.
//!
//! Products of sums that share products of two wires (*monomials*) are linear equations in wires and monomials. A private
//! wire of the right side *stands* for the product if no factor mentions it, and no other product; a linear constraint may
//! give a wire that *follows* from such ones. Both are put into the other constraints of their group; their own ones stay,
//! and are dropped by labels.md, section 1.2, as nothing mentions these wires any more. What is left is brought into reduced
//! echelon form over the monomials. Then one monomial of each row is a product, and a new wire stands for each of the others:
//! `z = x y`.
//!
//! > A row operation adds a multiple of one equation to another and can be taken back, so with `z = x y` the new equations
//! > say what the old ones said.
//!
//! At points 0, 1, 2, ... all coefficients of `A(t) B(t)` have powers of t before them, and after elimination none: what
//! inference may bound, and how large the values become, is that of the limbs' products. A group where no monomials cancel
//! is left alone, as is one that takes long.

use std::collections::{BTreeMap, HashMap};

use crate::field::{Field, U256};
use crate::ranges::Bounds;

use super::{Draft, Form, Value, scaled};

/// Monomials of one constraint.
const MOST_MONOMIALS: usize = 1 << 10;
/// Monomials of all constraints, counted with multiplicity.
const MOST_IN_ALL: usize = 1 << 22;
/// Terms that elimination goes through in one group.
const MOST_WORK: usize = 1 << 24;

/// Brings products of limbs into the form of their coefficients. How many groups there were.
pub(super) fn expand(draft: &mut Draft<'_>, bounds: &Bounds) -> usize {
    let table = Table::of(draft);
    if table.rows.is_empty() {
        return 0;
    }
    let groups = Groups::of(draft, bounds, table);
    let written: Vec<_> = groups.list.values().filter_map(|group| groups.reduced(group)).collect();
    let count = written.len();
    let Table { monomials, first, .. } = groups.table;
    for rows in written {
        write(draft, &monomials, first, rows);
    }
    count
}

/// Products of sums as linear equations in wires and monomials.
struct Table {
    first: u32, // the column of the first monomial; those before are wires
    monomials: Vec<(u32, u32)>,
    rows: BTreeMap<usize, Form>, // by constraint: A*B - C
}

impl Table {
    /// Products of two sums that share a monomial with another, and those whose monomials are all in one.
    fn of(draft: &Draft<'_>) -> Self {
        let mut columns = HashMap::new();
        let mut table = Self { first: draft.r1cs.wires(), monomials: Vec::new(), rows: BTreeMap::new() };
        let mut all = 0;
        for (index, [a, b, _]) in draft.constraints.iter().enumerate() {
            let monomials = a.len() * b.len();
            if wires(a) >= 2 && wires(b) >= 2 && monomials <= MOST_MONOMIALS && all + monomials <= MOST_IN_ALL
            {
                all += monomials;
                table.add(draft, &mut columns, index);
            }
        }
        for (index, [a, b, _]) in draft.constraints.iter().enumerate() {
            let joins = !a.is_empty() && a.len() * b.len() <= MOST_MONOMIALS;
            if joins
                && !table.rows.contains_key(&index)
                && pairs(a, b).all(|pair| columns.contains_key(&pair))
            {
                table.add(draft, &mut columns, index);
            }
        }
        table
    }

    fn add(&mut self, draft: &Draft<'_>, columns: &mut HashMap<(u32, u32), u32>, index: usize) {
        let field = draft.field();
        let [a, b, c] = &draft.constraints[index];
        let mut row: Form = scaled(field, c, field.from_i64(-1)).collect();
        for &(x, left) in a {
            for &(y, right) in b {
                let column = if x == 0 || y == 0 {
                    x.max(y)
                } else {
                    *columns.entry((x.min(y), x.max(y))).or_insert_with_key(|&pair| {
                        self.monomials.push(pair);
                        self.first + self.monomials.len() as u32 - 1
                    })
                };
                row.push((column, field.mul(left, right)));
            }
        }
        self.rows.insert(index, super::summed(field, row));
    }

    /// The terms of a row on monomials.
    fn monomials<'a>(&self, row: &'a Form) -> &'a [(u32, U256)] {
        &row[row.partition_point(|&(column, _)| column < self.first)..]
    }
}

/// Constraints of one group.
#[derive(Default)]
struct Group {
    products: Vec<usize>,
    linear: Vec<usize>,
}

/// Groups of rows that monomials and wires connect.
struct Groups<'a> {
    field: &'a Field,
    table: Table,
    linear: BTreeMap<usize, Form>, // linear constraints that mention a wire of the next two
    stands: HashMap<u32, usize>,   // by wire that stands for a product: its constraint
    follows: HashMap<u32, usize>,  // by wire that a linear constraint computes from such: that constraint
    list: BTreeMap<usize, Group>,
}

impl<'a> Groups<'a> {
    fn of(draft: &'a Draft<'_>, bounds: &Bounds, table: Table) -> Self {
        let uses = Uses::of(draft, &table);
        let may_go = |wire: u32| {
            let Use { elsewhere, .. } = uses.by_wire[wire as usize];
            wire >= draft.r1cs.first_private() && !bounds.contains_key(&wire) && !elsewhere
        };
        let mut groups = Self {
            field: draft.field(),
            table,
            linear: BTreeMap::new(),
            stands: HashMap::new(),
            follows: HashMap::new(),
            list: BTreeMap::new(),
        };
        let mut idle = Vec::new();
        for &index in groups.table.rows.keys() {
            let [_, _, c] = &draft.constraints[index];
            let mut free = c.iter().map(|&(wire, _)| wire).filter(|&wire| may_go(wire));
            let (Some(wire), None) = (free.next(), free.next()) else { continue };
            if uses.by_wire[wire as usize].count > 1 {
                groups.stands.entry(wire).or_insert(index);
            } else {
                idle.push(index);
            }
        }
        idle.iter().for_each(|index| drop(groups.table.rows.remove(index)));

        let linear = || draft.constraints.iter().enumerate().filter(|(_, [a, _, _])| a.is_empty());
        for (index, [_, _, form]) in linear() {
            let private = &form[form.partition_point(|&(wire, _)| wire < draft.r1cs.first_private())..];
            let mut others = private.iter().filter(|(wire, _)| !groups.stands.contains_key(wire));
            let (Some(&(wire, value)), None) = (others.next(), others.next()) else { continue };
            let is_unit = draft.field().signed(value).1 == U256::from(1); // else integers become fractions
            if private.len() >= 2 && is_unit && may_go(wire) && uses.by_wire[wire as usize].products == 0 {
                groups.follows.entry(wire).or_insert(index);
            }
        }
        let touches =
            |(wire, _): &(u32, U256)| groups.stands.contains_key(wire) || groups.follows.contains_key(wire);
        let linear = linear().filter(|(_, [_, _, form])| form.iter().any(touches));
        groups.linear = linear.map(|(index, [_, _, form])| (index, form.clone())).collect();
        groups.collect();
        groups
    }

    /// Connects rows that share a monomial, or a wire that is put in.
    fn collect(&mut self) {
        let mut sets = Sets::default();
        let mut last: HashMap<u32, usize> = HashMap::new(); // by column
        for (&index, row) in self.table.rows.iter().chain(&self.linear) {
            for &(column, _) in row {
                let connects = column >= self.table.first
                    || self.stands.contains_key(&column)
                    || self.follows.contains_key(&column);
                if connects {
                    let other = *last.entry(column).or_insert(index);
                    sets.join(index, other);
                }
            }
        }
        for &index in self.table.rows.keys() {
            self.list.entry(sets.find(index)).or_default().products.push(index);
        }
        for &index in self.linear.keys() {
            self.list.entry(sets.find(index)).or_default().linear.push(index);
        }
    }

    /// The rows of a group that give way, by constraint, in reduced echelon form; nothing if they are not shorter so.
    fn reduced(&self, group: &Group) -> Option<Vec<(usize, Form)>> {
        if group.products.len() < 2 {
            return None;
        }
        let mut work = Work { field: self.field, left: MOST_WORK };
        let mut active = self.put_in(group, &mut work)?;
        for place in 0..active.len() {
            let Some(&(pivot, value)) = self.table.monomials(&active[place].1).first() else { continue };
            let inverse = self.field.inv(value);
            let row: Form = scaled(self.field, &active[place].1, inverse).collect();
            for (other, (_, form)) in active.iter_mut().enumerate() {
                if other != place {
                    work.eliminate(form, pivot, &row)?;
                }
            }
            active[place].1 = row;
        }

        let before = self.extent(group.products.iter().map(|index| &self.table.rows[index]));
        let after = self.extent(active.iter().map(|(_, form)| form));
        (after.0 < before.0 && after.1 <= before.1).then_some(active)
    }

    /// The constraints of a group that are left when wires which stand for products, or follow from such, are put in.
    fn put_in(&self, group: &Group, work: &mut Work<'_>) -> Option<Vec<(usize, Form)>> {
        let gives = |wires: &HashMap<u32, usize>, index: usize, row: &Form| {
            row.iter().any(|(wire, _)| wires.get(wire) == Some(&index))
        };
        let mut active = Vec::new();
        for &index in &group.linear {
            let form = &self.linear[&index];
            if !gives(&self.follows, index, form) {
                let form = work.put(form, &self.follows, &self.linear)?;
                active.push((index, work.put(&form, &self.stands, &self.table.rows)?));
            }
        }
        for &index in &group.products {
            let row = &self.table.rows[&index];
            if !gives(&self.stands, index, row) {
                active.push((index, work.put(row, &self.stands, &self.table.rows)?));
            }
        }
        active.sort_unstable_by_key(|&(index, _)| index);
        Some(active)
    }

    /// Number of monomials in rows, with multiplicity, and the largest coefficient before one.
    fn extent<'b>(&self, rows: impl Iterator<Item = &'b Form>) -> (usize, U256) {
        let (mut count, mut largest) = (0, U256::ZERO);
        for row in rows {
            for &(_, value) in self.table.monomials(row) {
                count += 1;
                largest = largest.max(self.field.signed(value).1);
            }
        }
        (count, largest)
    }
}

/// Elimination within a budget.
struct Work<'a> {
    field: &'a Field,
    left: usize,
}

impl Work<'_> {
    /// A form with the rest of rows in the places of wires, none of which is in another of those rows.
    fn put(
        &mut self,
        form: &Form,
        wires: &HashMap<u32, usize>,
        rows: &BTreeMap<usize, Form>,
    ) -> Option<Form> {
        let mut terms = form.clone();
        for &(wire, value) in form {
            let Some(row) = wires.get(&wire).map(|index| &rows[index]) else { continue };
            let pivot = row[row.binary_search_by_key(&wire, |&(wire, _)| wire).ok()?].1;
            let factor = self.field.neg(self.field.mul(value, self.field.inv(pivot)));
            terms.extend(scaled(self.field, row, factor));
            self.left = self.left.checked_sub(row.len())?;
        }
        Some(super::summed(self.field, terms))
    }

    /// Adds a multiple of a row to a form, so that a column of it leaves; nothing when too much is done.
    fn eliminate(&mut self, form: &mut Form, column: u32, row: &Form) -> Option<()> {
        let Ok(place) = form.binary_search_by_key(&column, |&(column, _)| column) else { return Some(()) };
        let pivot = row[row.binary_search_by_key(&column, |&(column, _)| column).ok()?].1;
        let factor = self.field.neg(self.field.mul(form[place].1, self.field.inv(pivot)));
        self.left = self.left.checked_sub(form.len() + row.len())?;

        let mut sum = Form::with_capacity(form.len() + row.len());
        let mut own = form.iter().copied().peekable();
        for (column, value) in scaled(self.field, row, factor) {
            while let Some(term) = own.next_if(|term| term.0 < column) {
                sum.push(term);
            }
            let value =
                own.next_if(|term| term.0 == column).map_or(value, |(_, own)| self.field.add(own, value));
            if !value.is_zero() {
                sum.push((column, value));
            }
        }
        sum.extend(own);
        *form = sum;
        Some(())
    }
}

/// Where a wire stands.
#[derive(Clone, Copy, Default)]
struct Use {
    count: u32,      // in how many constraints
    products: u32,   // in how many of them on the right side of a product of sums
    elsewhere: bool, // in a factor, or in a product that is none of sums
}

struct Uses {
    by_wire: Vec<Use>,
}

impl Uses {
    fn of(draft: &Draft<'_>, table: &Table) -> Self {
        let mut by_wire = vec![Use::default(); draft.r1cs.wires() as usize];
        for (index, [a, b, c]) in draft.constraints.iter().enumerate() {
            let is_row = table.rows.contains_key(&index);
            for &(wire, _) in c {
                let Use { count, products, elsewhere } = &mut by_wire[wire as usize];
                *count += 1;
                *products += u32::from(is_row);
                *elsewhere |= !is_row && !a.is_empty();
            }
            a.iter().chain(b).for_each(|&(wire, _)| by_wire[wire as usize].elsewhere = true);
        }
        Self { by_wire }
    }
}

/// Disjoint sets of constraints.
#[derive(Default)]
struct Sets {
    parents: HashMap<usize, usize>,
}

impl Sets {
    fn find(&mut self, mut index: usize) -> usize {
        while let Some(&parent) = self.parents.get(&index) {
            if let Some(&next) = self.parents.get(&parent) {
                self.parents.insert(index, next);
            }
            index = parent;
        }
        index
    }

    fn join(&mut self, a: usize, b: usize) {
        let [a, b] = [self.find(a), self.find(b)];
        if a != b {
            self.parents.insert(a.max(b), a.min(b));
        }
    }
}

/// Writes rows as constraints: the first monomial as a product, the others by new wires.
fn write(draft: &mut Draft<'_>, monomials: &[(u32, u32)], first: u32, rows: Vec<(usize, Form)>) {
    let field = draft.field();
    let one = U256::from(1);
    let pair = |column: u32| monomials[(column - first) as usize];
    let is_wire = |&(column, _): &(u32, U256)| column < first;
    let others =
        |row: &Form| row.iter().skip_while(|term| is_wire(term)).skip(1).map(|term| term.0).collect();
    let mut columns: Vec<u32> = rows.iter().flat_map(|(_, row)| -> Vec<u32> { others(row) }).collect();
    columns.sort_unstable();
    columns.dedup();

    let mut wires = HashMap::new();
    for column in columns {
        let (x, y) = pair(column);
        let wire = draft.add(&vec![(x, one)], Value::Product(x, y));
        draft.constraints.push([vec![(x, one)], vec![(y, one)], vec![(wire, one)]]);
        wires.insert(column, wire);
    }
    for (index, row) in rows {
        let start = row.partition_point(is_wire);
        let Some(&(column, value)) = row.get(start) else {
            draft.constraints[index] = [Form::new(), Form::new(), row];
            continue;
        };
        let (x, y) = pair(column);
        let rest = row[..start]
            .iter()
            .copied()
            .chain(row[start + 1..].iter().map(|(column, value)| (wires[column], *value)));
        let rest = rest.map(|(wire, value)| (wire, field.neg(value))).collect();
        draft.constraints[index] = [vec![(x, value)], vec![(y, one)], super::summed(field, rest)];
    }
}

/// Wires of a form but the constant one.
fn wires(form: &Form) -> usize {
    form.iter().filter(|&&(wire, _)| wire != 0).count()
}

/// The products of two wires in the product of two forms.
fn pairs<'a>(a: &'a Form, b: &'a Form) -> impl Iterator<Item = (u32, u32)> + 'a {
    let wires = |form: &'a Form| form.iter().map(|&(wire, _)| wire).filter(|&wire| wire != 0);
    wires(a).flat_map(move |x| wires(b).map(move |y| (x.min(y), x.max(y))))
}
