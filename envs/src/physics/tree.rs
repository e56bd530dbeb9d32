//! The broad phase: a binary tree of bounds in which every leaf is a shape.
//!
//! New leaves go where the bounds grow least (by perimeter), and rotations as in an AVL tree keep it level (the idea is
//! Nathanael Presson's; here as in Box2D 2.3.0's `b2DynamicTree`). The order in which a search meets the leaves decides which
//! shape the walker's lidar sees, so the shape of the tree is part of the physics and every tie is broken as there.

use super::aabb::{Aabb, Crossing};
use super::math::Vec2;
use super::shape::Ray;
use serde::{Deserialize, Serialize};

const NONE: u32 = u32::MAX;

/// How far the bounds of a leaf reach beyond its shape, metres, so that small motions change nothing.
pub(crate) const MARGIN: f32 = 0.1;

/// How many times its last displacement a leaf's bounds are stretched ahead.
const LOOK_AHEAD: f32 = 2.0;

/// A leaf of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leaf(u32);

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Node {
    bounds: Aabb,
    parent: u32,
    /// Both children, or [`NONE`] and the item of a leaf.
    children: [u32; 2],
    height: u32,
}

impl Node {
    #[inline(always)]
    fn is_leaf(&self) -> bool {
        self.children[0] == NONE
    }
}

/// A tree of bounds, each with the number of its item.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    free: Vec<u32>,
    root: u32,
}

impl Tree {
    /// An empty tree with room for so many leaves.
    pub(crate) fn with_room(leaves: usize) -> Self {
        Self { nodes: Vec::with_capacity(2 * leaves), free: Vec::new(), root: NONE }
    }

    /// Adds an item by the bounds of its shape.
    pub(crate) fn insert(&mut self, bounds: &Aabb, item: u32) -> Leaf {
        let leaf = self.new_node(Node {
            bounds: bounds.grown(MARGIN),
            parent: NONE,
            children: [NONE, item],
            height: 0,
        });
        self.attach(leaf);
        Leaf(leaf)
    }

    /// Follows an item that has moved, and tells whether its leaf had to move too.
    pub(crate) fn follow(&mut self, leaf: Leaf, bounds: &Aabb, displacement: Vec2) -> bool {
        let Leaf(leaf) = leaf;
        if self.nodes[leaf as usize].bounds.contains(bounds) {
            return false;
        }
        self.detach(leaf);
        let mut grown = bounds.grown(MARGIN);
        let ahead = LOOK_AHEAD * displacement;
        if ahead.x < 0.0 {
            grown.lower.x += ahead.x;
        } else {
            grown.upper.x += ahead.x;
        }
        if ahead.y < 0.0 {
            grown.lower.y += ahead.y;
        } else {
            grown.upper.y += ahead.y;
        }
        self.nodes[leaf as usize].bounds = grown;
        self.attach(leaf);
        true
    }

    /// The grown bounds of a leaf.
    #[inline(always)]
    pub(crate) fn bounds(&self, leaf: Leaf) -> &Aabb {
        &self.nodes[leaf.0 as usize].bounds
    }

    /// Calls `visit` with the item of every leaf that overlaps the bounds.
    #[inline]
    pub(crate) fn query(&self, bounds: &Aabb, mut visit: impl FnMut(u32)) {
        let mut stack = Stack::starting(self.root);
        while let Some(index) = stack.pop() {
            let node = &self.nodes[index as usize];
            if !node.bounds.overlaps(bounds) {
                continue;
            }
            if node.is_leaf() {
                visit(node.children[1]);
            } else {
                stack.push(node.children[0]);
                stack.push(node.children[1]);
            }
        }
    }

    /// The first answer that `visit` gives for an item whose leaf the ray may cross, in the order of the tree.
    #[inline]
    pub(crate) fn first_along<R>(&self, ray: &Ray, mut visit: impl FnMut(u32) -> Option<R>) -> Option<R> {
        let line = Crossing::new(ray.from, ray.to);
        let end = ray.from + ray.reach * (ray.to - ray.from);
        let bounds = Aabb { lower: ray.from.lesser(end), upper: ray.from.greater(end) };
        let mut stack = Stack::starting(self.root);
        while let Some(index) = stack.pop() {
            let node = &self.nodes[index as usize];
            if !node.bounds.overlaps(&bounds) || node.bounds.apart_from_line(&line) {
                continue;
            }
            if node.is_leaf() {
                if let Some(answer) = visit(node.children[1]) {
                    return Some(answer);
                }
            } else {
                stack.push(node.children[0]);
                stack.push(node.children[1]);
            }
        }
        None
    }

    /// Whether a search visits one leaf before another: of two children, the second comes first.
    pub(crate) fn visits_before(&self, one: Leaf, other: Leaf) -> bool {
        let (mut one, mut other) = (one.0, other.0);
        let depth = |mut node: u32| {
            let mut depth = 0;
            while self.nodes[node as usize].parent != NONE {
                node = self.nodes[node as usize].parent;
                depth += 1;
            }
            depth
        };
        let (mut depth_of_one, mut depth_of_other) = (depth(one), depth(other));
        loop {
            let (parent_of_one, parent_of_other) =
                (self.nodes[one as usize].parent, self.nodes[other as usize].parent);
            if depth_of_one == depth_of_other && parent_of_one == parent_of_other {
                return parent_of_one != NONE && self.nodes[parent_of_one as usize].children[1] == one;
            }
            if depth_of_one >= depth_of_other {
                one = parent_of_one;
                depth_of_one -= 1;
            } else {
                other = parent_of_other;
                depth_of_other -= 1;
            }
        }
    }

    fn new_node(&mut self, node: Node) -> u32 {
        if let Some(index) = self.free.pop() {
            self.nodes[index as usize] = node;
            index
        } else {
            self.nodes.push(node);
            (self.nodes.len() - 1) as u32
        }
    }

    fn attach(&mut self, leaf: u32) {
        if self.root == NONE {
            self.root = leaf;
            self.nodes[leaf as usize].parent = NONE;
            return;
        }
        let bounds = self.nodes[leaf as usize].bounds;
        let sibling = self.best_sibling(&bounds);
        let old_parent = self.nodes[sibling as usize].parent;
        let parent = self.new_node(Node {
            bounds: bounds.joined(&self.nodes[sibling as usize].bounds),
            parent: old_parent,
            children: [sibling, leaf],
            height: self.nodes[sibling as usize].height + 1,
        });
        self.replace_child(old_parent, sibling, parent);
        self.nodes[sibling as usize].parent = parent;
        self.nodes[leaf as usize].parent = parent;
        self.refit_from(parent);
    }

    /// The node beside which new bounds cost least.
    fn best_sibling(&self, bounds: &Aabb) -> u32 {
        let with = |index: u32| {
            let node = &self.nodes[index as usize];
            (index, node, node.bounds.perimeter(), node.bounds.joined(bounds).perimeter())
        };
        let (mut index, mut node, mut perimeter, mut joined) = with(self.root);
        while !node.is_leaf() {
            let cost_here = 2.0 * joined;
            let cost_below = 2.0 * (joined - perimeter);
            let (first, second) = (with(node.children[0]), with(node.children[1]));
            let cost = |(_, child, perimeter, joined): &(u32, &Node, f32, f32)| {
                let growth = if child.is_leaf() { *joined } else { joined - perimeter };
                growth + cost_below
            };
            let (cost_first, cost_second) = (cost(&first), cost(&second));
            if cost_here < cost_first && cost_here < cost_second {
                break;
            }
            (index, node, perimeter, joined) = if cost_first < cost_second { first } else { second };
        }
        index
    }

    fn detach(&mut self, leaf: u32) {
        if leaf == self.root {
            self.root = NONE;
            return;
        }
        let parent = self.nodes[leaf as usize].parent;
        let grandparent = self.nodes[parent as usize].parent;
        let [first, second] = self.nodes[parent as usize].children;
        let sibling = if first == leaf { second } else { first };
        self.replace_child(grandparent, parent, sibling);
        self.nodes[sibling as usize].parent = grandparent;
        self.free.push(parent);
        self.refit_from(grandparent);
    }

    /// Puts `new` where `old` hung; without a parent it becomes the root.
    fn replace_child(&mut self, parent: u32, old: u32, new: u32) {
        if parent == NONE {
            self.root = new;
        } else {
            let children = &mut self.nodes[parent as usize].children;
            let side = usize::from(children[0] != old);
            children[side] = new;
        }
    }

    /// Levels every node from here to the root and mends its bounds and height.
    fn refit_from(&mut self, start: u32) {
        let mut index = start;
        while index != NONE {
            index = self.levelled(index);
            self.refit(index);
            index = self.nodes[index as usize].parent;
        }
    }

    fn refit(&mut self, index: u32) {
        let [first, second] = self.nodes[index as usize].children;
        let (first, second) = (&self.nodes[first as usize], &self.nodes[second as usize]);
        let bounds = first.bounds.joined(&second.bounds);
        let height = 1 + first.height.max(second.height);
        let node = &mut self.nodes[index as usize];
        node.bounds = bounds;
        node.height = height;
    }

    /// Rotates the higher child of a node up if it is more than one level higher than the other.
    fn levelled(&mut self, top: u32) -> u32 {
        let node = &self.nodes[top as usize];
        if node.is_leaf() || node.height < 2 {
            return top;
        }
        let [first, second] = node.children;
        let (h1, h2) = (self.nodes[first as usize].height, self.nodes[second as usize].height);
        if h2 > h1 + 1 {
            self.rotate(top, 1)
        } else if h1 > h2 + 1 {
            self.rotate(top, 0)
        } else {
            top
        }
    }

    /// Rotates the child on `side` into the place of `top`, which takes the lower of that child's children.
    fn rotate(&mut self, top: u32, side: usize) -> u32 {
        let riser = self.nodes[top as usize].children[side];
        let parent = self.nodes[top as usize].parent;
        self.replace_child(parent, top, riser);
        self.nodes[riser as usize].parent = parent;
        self.nodes[top as usize].parent = riser;

        let [first, second] = self.nodes[riser as usize].children;
        let (kept, given) = if self.nodes[first as usize].height > self.nodes[second as usize].height {
            (first, second)
        } else {
            (second, first)
        };
        self.nodes[riser as usize].children = [top, kept];
        self.nodes[top as usize].children[side] = given;
        self.nodes[given as usize].parent = top;
        self.refit(top);
        self.refit(riser);
        riser
    }
}

/// Nodes still to visit. A level tree of a million leaves is 28 deep, and a search holds one node for each level.
struct Stack {
    nodes: [u32; 64],
    len: usize,
}

impl Stack {
    #[inline(always)]
    fn starting(root: u32) -> Self {
        let mut stack = Self { nodes: [NONE; 64], len: 0 };
        if root != NONE {
            stack.push(root);
        }
        stack
    }

    #[inline(always)]
    fn push(&mut self, node: u32) {
        self.nodes[self.len] = node;
        self.len += 1;
    }

    #[inline(always)]
    fn pop(&mut self) -> Option<u32> {
        self.len = self.len.checked_sub(1)?;
        Some(self.nodes[self.len])
    }
}

#[cfg(test)]
mod tests;
