extension TransformerBlock {
  /// The block where how tokens attend to each other is the caller's, and where not all of its work is needed.
  ///
  /// Replaces the tokens `x`, `[L, width]`, by the block's output. `attend` is given query, key and value, each
  /// `[L, width]`, and writes what each token gathers, `[L, width]`.
  ///
  /// Where only the first `read` tokens are read after this block, the others serve as keys and values and stay as they
  /// are: of `query` and `out` the rows beyond are not made. Where the first `alike` tokens are as the one after them,
  /// what they ask and answer is computed once.
  public func callAsFunction(
    _ x: Matrix, read: Int? = nil, alike: Int = 0, workspace: Workspace,
    attend: (_ query: Matrix, _ key: Matrix, _ value: Matrix, _ out: Matrix) -> Void
  ) {
    workspace.scope {
      let projected = workspace.paddedMatrix(x.rows, 3 * width)
      project(x, asking: read ?? x.rows, alike: alike, into: projected, workspace: workspace)
      selfAttention(x, projected: projected, read: read, workspace: workspace, attend: attend)
    }
    feedForward(x.rows(0..<(read ?? x.rows)), workspace: workspace)
  }

  /// The block's first half, x += proj(attention(…)), from queries, keys and values made before, `[any, 3·width]`:
  /// `attend` is given these as they are and knows which rows are whose.
  func selfAttention(
    _ x: Matrix, projected: Matrix, read: Int? = nil, workspace: Workspace,
    attend: (_ query: Matrix, _ key: Matrix, _ value: Matrix, _ out: Matrix) -> Void
  ) {
    let output = x.rows(0..<(read ?? x.rows))
    workspace.scope {
      let gathered = workspace.paddedMatrix(x.rows, width)
      attend(
        projected.columns(0..<width), projected.columns(width..<2 * width),
        projected.columns(2 * width..<3 * width), gathered)
      projection(gathered.rows(0..<output.rows), into: output, accumulate: true, pool: workspace.pool)
    }
  }

  /// Query, key and value of the tokens `x`, `[L, width]`, side by side: `[L, 3·width]`. Queries are made of the first
  /// `asking` tokens; the first `alike` tokens are as the one after them.
  func project(
    _ x: Matrix, asking: Int, alike: Int = 0, into projected: Matrix, workspace: Workspace
  ) {
    let pool = workspace.pool
    precondition(alike < max(x.rows, 1), "a token follows those that are as it is")
    workspace.scope {
      let normed = workspace.paddedMatrix(x.rows, width)
      let distinct = alike..<x.rows
      let asking = alike..<max(asking, alike + 1)
      norm1(x.rows(distinct), into: normed.rows(distinct), pool: pool)
      let (queries, keysAndValues) = (projected.columns(0..<width), projected.columns(width..<3 * width))
      query(normed.rows(asking), into: queries.rows(asking), pool: pool)  // [L, width]
      keyValue(normed.rows(distinct), into: keysAndValues.rows(distinct), pool: pool)  // [L, 2·width]
      for index in 0..<alike {
        projected.row(index).update(from: projected.row(alike), count: projected.columns)
      }
    }
  }
}
