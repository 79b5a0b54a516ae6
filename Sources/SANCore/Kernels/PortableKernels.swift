import CVectorKernels

/// The kernels in plain Swift, as a table like those in C: for processors that have no kernels of their own, and what
/// those are tested against.
enum PortableKernels {
  nonisolated(unsafe) static let table: UnsafePointer<vk_kernels> = {
    let name: StaticString = "portable"
    let table = UnsafeMutablePointer<vk_kernels>.allocate(capacity: 1)
    table.initialize(
      to: vk_kernels(
        name: UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
        pack_panel: { b, stride, columns, depth, panel, packed in
          PortableProduct.packPanel(
            b, stride: stride, columns: columns, depth: depth, panel: panel, into: packed)
        },
        multiply_packed: { PortableProduct.multiplyPacked($0.pointee, $1) },
        multiply: { product, b, stride, isTransposed, alpha in
          PortableProduct.multiply(
            product.pointee, b, stride: stride, isTransposed: isTransposed != 0, alpha: alpha)
        },
        pack_tokens: { PortableAttention.packTokens($0.pointee, into: $1) },
        attend: { PortableAttention.attend($0.pointee) },
        depthwise: { PortableConvolution.depthwise($0.pointee) },
        softmax: { PortableRows.softmax($0, $1) },
        activate: { PortableRows.activate($0, $1, Activation(code: $2)) },
        sigmoid: { PortableRows.sigmoid($0, $1) },
        normalize: { x, y, count, weight, bias, epsilon in
          PortableRows.normalize(x, y, count, weight: weight, bias: bias, epsilon: epsilon)
        },
        dot: { PortableRows.dot($0, $1, $2) },
        add_scaled: { PortableRows.addScaled($0, $1, $2, by: $3) },
        keep_larger: { x, count, number, best, winner in
          PortableRows.keepLarger(x, count, number: number, best: best, winner: winner)
        },
        widen_halves: { source, count, target in
          for i in 0..<count {
            target[i] = FloatConversion.single(
              half: source.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self))
          }
        }, int8: PortableIntegers.table))
    return UnsafePointer(table)
  }()
}
