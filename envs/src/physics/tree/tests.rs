//! Whatever is put in and moved, the tree finds what trying all of them finds, and its nodes fit together.

use super::*;
use crate::physics::oracle::any_point;
use proptest::prelude::*;
use std::collections::BTreeSet;

fn any_bounds() -> impl Strategy<Value = Aabb> {
    (any_point(20.0), any_point(1.5))
        .prop_map(|(one, size)| Aabb { lower: one.lesser(one + size), upper: one.greater(one + size) })
}

/// Items to put in, and moves of some of them.
fn any_history() -> impl Strategy<Value = (Vec<Aabb>, Vec<(prop::sample::Index, Vec2)>)> {
    let moves = prop::collection::vec((any::<prop::sample::Index>(), any_point(1.0)), 0..80);
    (prop::collection::vec(any_bounds(), 1..80), moves)
}

/// A tree after a history, with the leaf and the bounds of each item.
fn tree_of(items: &[Aabb], moves: &[(prop::sample::Index, Vec2)]) -> (Tree, Vec<(Leaf, Aabb)>) {
    let mut tree = Tree::with_room(items.len());
    let mut held: Vec<(Leaf, Aabb)> =
        items.iter().enumerate().map(|(item, bounds)| (tree.insert(bounds, item as u32), *bounds)).collect();
    for (index, by) in moves {
        let (leaf, bounds) = &mut held[index.index(items.len())];
        *bounds = Aabb { lower: bounds.lower + *by, upper: bounds.upper + *by };
        let reach = *tree.bounds(*leaf);
        let leaves = !(reach.lower.x <= bounds.lower.x
            && reach.lower.y <= bounds.lower.y
            && bounds.upper.x <= reach.upper.x
            && bounds.upper.y <= reach.upper.y);
        assert_eq!(
            tree.follow(*leaf, bounds, *by),
            leaves,
            "a leaf moves when its bounds are left, only then"
        );
        assert!(leaves || *tree.bounds(*leaf) == reach);
    }
    (tree, held)
}

/// Checks links, bounds and heights below a node and gives its leaves.
fn check_below(tree: &Tree, index: u32, parent: u32) -> usize {
    let node = &tree.nodes[index as usize];
    assert_eq!(node.parent, parent);
    if node.is_leaf() {
        assert_eq!(node.height, 0);
        return 1;
    }
    let [first, second] = node.children.map(|child| &tree.nodes[child as usize]);
    assert_eq!(node.bounds, first.bounds.joined(&second.bounds), "bounds are the least around the children");
    assert_eq!(node.height, 1 + first.height.max(second.height));
    node.children.map(|child| check_below(tree, child, index)).iter().sum()
}

fn all_in_order(tree: &Tree) -> Vec<u32> {
    let everything = Aabb { lower: Vec2::new(-1e6, -1e6), upper: Vec2::new(1e6, 1e6) };
    let mut order = Vec::new();
    tree.query(&everything, |item| order.push(item));
    order
}

proptest! {
    #[test]
    fn nodes_fit_together_and_no_branch_grows_long((items, moves) in any_history()) {
        let (tree, held) = tree_of(&items, &moves);
        prop_assert_eq!(check_below(&tree, tree.root, NONE), items.len());
        prop_assert_eq!(tree.nodes.len() - tree.free.len(), 2 * items.len() - 1);
        let level = (items.len() as f64).log2().ceil() as u32;
        prop_assert!(tree.nodes[tree.root as usize].height <= 2 * level);
        for (leaf, bounds) in held {
            prop_assert!(tree.bounds(leaf).contains(&bounds));
        }
    }

    #[test]
    fn a_query_finds_each_leaf_that_overlaps_once((items, moves) in any_history(), sought in any_bounds()) {
        let (tree, held) = tree_of(&items, &moves);
        let mut found = Vec::new();
        tree.query(&sought, |item| found.push(item));
        let expected: BTreeSet<u32> = (0_u32..)
            .zip(&held)
            .filter(|(_, (leaf, _))| tree.bounds(*leaf).overlaps(&sought))
            .map(|(item, _)| item)
            .collect();
        prop_assert_eq!(found.len(), expected.len());
        prop_assert_eq!(BTreeSet::from_iter(found), expected);
    }

    /// Rays visit leaves in the order of every search, leave out those that they surely miss, and end with the first answer.
    #[test]
    fn a_ray_visits_in_the_order_of_the_tree(
        (items, moves) in any_history(), from in any_point(20.0), to in any_point(20.0), reach in 0.0..=1.0_f32,
        answers in any::<prop::sample::Index>(),
    ) {
        let (tree, held) = tree_of(&items, &moves);
        let ray = Ray { from, to, reach };
        let mut visited = Vec::new();
        let none: Option<()> = tree.first_along(&ray, |item| { visited.push(item); None });
        prop_assert!(none.is_none());

        let order = all_in_order(&tree);
        let mut in_order = order.iter().filter(|item| visited.contains(item));
        prop_assert!(visited.iter().all(|item| in_order.next() == Some(item)), "each once, in order");
        for (item, (_, bounds)) in (0_u32..).zip(&held) {
            // Points along the ray, of which one within the bounds is enough to have to look there.
            let meets = (0..=200_u8).any(|part| {
                let point = from + (reach * f32::from(part) / 200.0) * (to - from);
                bounds.contains(&Aabb { lower: point, upper: point })
            });
            prop_assert!(!meets || visited.contains(&item), "item {item} is on the way");
        }

        if !visited.is_empty() {
            let answering = *answers.get(&visited);
            let mut before = 0;
            let first = tree.first_along(&ray, |item| { before += 1; (item == answering).then_some(item) });
            prop_assert_eq!(first, Some(answering));
            prop_assert_eq!(visited[before - 1], answering);
        }
    }

    #[test]
    fn of_two_leaves_the_one_that_searches_visit_first_is_told((items, moves) in any_history()) {
        let (tree, held) = tree_of(&items, &moves);
        let order = all_in_order(&tree);
        let rank = |item: usize| order.iter().position(|&other| other as usize == item);
        for (one, (leaf, _)) in held.iter().enumerate() {
            for (other, (other_leaf, _)) in held.iter().enumerate().filter(|(other, _)| *other != one) {
                prop_assert_eq!(tree.visits_before(*leaf, *other_leaf), rank(one) < rank(other));
            }
        }
    }
}

#[test]
fn leaves_reach_a_margin_around_and_twice_the_motion_ahead() {
    let mut tree = Tree::with_room(1);
    let bounds = Aabb { lower: Vec2::new(0.0, 0.0), upper: Vec2::new(1.0, 1.0) };
    let leaf = tree.insert(&bounds, 7);
    assert_eq!(*tree.bounds(leaf), bounds.grown(0.1));
    let by = Vec2::new(0.5, -0.25);
    let moved = Aabb { lower: bounds.lower + by, upper: bounds.upper + by };
    assert!(tree.follow(leaf, &moved, by));
    let mut expected = moved.grown(0.1);
    expected.upper.x += 1.0;
    expected.lower.y -= 0.5;
    assert_eq!(*tree.bounds(leaf), expected);
}

#[test]
fn pieces_of_ground_in_a_row_make_a_level_tree() {
    let mut tree = Tree::with_room(256);
    for item in 0..256_u16 {
        let x = f32::from(item);
        tree.insert(&Aabb { lower: Vec2::new(x, 0.0), upper: Vec2::new(x + 1.0, 0.0) }, item.into());
    }
    assert_eq!(check_below(&tree, tree.root, NONE), 256);
    assert!((8..=11).contains(&tree.nodes[tree.root as usize].height));
}

#[test]
fn an_empty_tree_finds_nothing() {
    assert!(all_in_order(&Tree::with_room(0)).is_empty());
}
