/// Token sequences merged wherever they start alike, so that a shared start is computed once.
///
/// CLIP's text tower is causal: the state of a token depends on the tokens before it and on nothing after. Prompts of one
/// template differ only from the class name on, so most of their tokens are shared.
struct PrefixTree {
  /// One token in the context of all tokens before it.
  struct Node {
    let token: Int32
    /// Tokens before it.
    let depth: Int
    /// The node of the token before it; itself at depth 0.
    let parent: Int
  }

  /// The nodes that a sequence ends in, then all others: after the last block only the former are read.
  private(set) var nodes: [Node] = []
  /// The first node of every token at every depth: before the first block a token knows nothing else.
  private(set) var distinct: [Int] = []
  /// For each node, where in `distinct` its like is.
  private(set) var places: [Int] = []
  /// The last node of each sequence, in the order of the sequences.
  private(set) var ends: [Int] = []
  /// The number of nodes that a sequence ends in.
  private(set) var endCount = 0

  /// The tree of `sequences`, none of them empty, which are in lexicographic order.
  init(sorted sequences: [[Int32]]) {
    var path: [Int] = []
    var previous: [Int32] = []
    for sequence in sequences {
      precondition(!sequence.isEmpty, "a sequence has a start token")
      let shared = PrefixTree.sharedCount(previous, sequence)
      path.removeLast(path.count - shared)
      for token in sequence[shared...] {
        nodes.append(Node(token: token, depth: path.count, parent: path.last ?? nodes.count))
        path.append(nodes.count - 1)
      }
      ends.append(path[path.count - 1])
      previous = sequence
    }
    moveEndsForward()
    findDistinct()
  }

  /// How many tokens two sequences start with that are the same.
  static func sharedCount(_ a: [Int32], _ b: [Int32]) -> Int {
    zip(a, b).prefix { $0 == $1 }.count
  }

  private mutating func moveEndsForward() {
    var isEnd = [Bool](repeating: false, count: nodes.count)
    for end in ends { isEnd[end] = true }
    let order = nodes.indices.filter { isEnd[$0] } + nodes.indices.filter { !isEnd[$0] }
    var moved = [Int](repeating: 0, count: nodes.count)
    for (place, index) in order.enumerated() { moved[index] = place }
    nodes = order.map { index in
      Node(token: nodes[index].token, depth: nodes[index].depth, parent: moved[nodes[index].parent])
    }
    endCount = isEnd.count { $0 }
    ends = ends.map { moved[$0] }
  }

  private mutating func findDistinct() {
    var found: [Int: Int] = [:]
    for (index, node) in nodes.enumerated() {
      let key = Int(node.token) << 32 | node.depth
      let place = found[key] ?? distinct.count
      if place == distinct.count {
        found[key] = place
        distinct.append(index)
      }
      places.append(place)
    }
  }

  /// Writes the nodes from the root to `node`, itself included, to `path`; returns their number.
  func path(to node: Int, into path: UnsafeMutablePointer<Int>) -> Int {
    var current = node
    let depth = nodes[node].depth
    for index in stride(from: depth, through: 0, by: -1) {
      path[index] = current
      current = nodes[current].parent
    }
    return depth + 1
  }
}
