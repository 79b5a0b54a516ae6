/// Where a layer asks for its parameters: by name and shape, below the names of the layers around it.
///
/// A model's initialiser is the one place where its parameters are named. It runs over a source that only takes names and
/// shapes down, to learn what a file must hold, and over one that has the file's numbers. So an initialiser keeps what it is
/// given and reads no number of it.
public struct ParameterScope {
  private let source: any ParameterSource
  private let path: String

  /// The names that `source` has, from its root.
  public init(_ source: any ParameterSource) { self.init(source, path: "") }

  private init(_ source: any ParameterSource, path: String) {
    (self.source, self.path) = (source, path)
  }

  /// The parameters below `name`, which may have several parts: `blocks.0`.
  public func scope(_ name: String) -> ParameterScope { ParameterScope(source, path: "\(path)\(name).") }

  /// The parameter `name`, as single-precision numbers of `shape`.
  public func tensor(_ name: String, _ shape: [Int]) -> Tensor { source.tensor(path + name, shape) }

  /// The matrix `name` of a linear map, of `shape`, as the file has it.
  public func weight(_ name: String, _ shape: [Int]) -> Weight { source.weight(path + name, shape) }
}

/// What answers a ``ParameterScope``.
///
/// Precondition of all: a name is asked for with the shape that it has, and once.
public protocol ParameterSource {
  /// The parameter of the full `name`, as single-precision numbers of `shape`.
  func tensor(_ name: String, _ shape: [Int]) -> Tensor
  /// The matrix of the full `name`, of `shape`, as it is stored.
  func weight(_ name: String, _ shape: [Int]) -> Weight
}

/// Takes down which parameters a model asks for. What it gives back has a shape and no numbers.
public final class ParameterList: ParameterSource {
  /// Names and shapes in the order in which they were asked for.
  public private(set) var parameters: [(name: String, shape: [Int])] = []
  /// The names of those that are asked for as a ``Weight``.
  public private(set) var weights: Set<String> = []

  /// An empty list.
  public init() {}

  /// Takes the parameter down.
  public func tensor(_ name: String, _ shape: [Int]) -> Tensor {
    parameters.append((name, shape))
    return Tensor(unloaded: shape)
  }

  /// Takes the matrix down.
  public func weight(_ name: String, _ shape: [Int]) -> Weight {
    weights.insert(name)
    return Weight(tensor(name, shape))
  }
}
