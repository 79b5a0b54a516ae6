import CSAN

/// See `san.h`, as for every function of this module.
@_cdecl("san_abi_version")
public func sanAbiVersion() -> UInt32 { UInt32(SAN_ABI_VERSION) }

/// See `san.h`.
@_cdecl("san_last_error")
public func sanLastError() -> UnsafePointer<CChar> { LastError.text }

/// An object as the caller's pointer, which keeps it alive until ``release(_:as:)``.
func retain(_ object: some AnyObject) -> OpaquePointer {
  OpaquePointer(Unmanaged.passRetained(object).toOpaque())
}

/// The object behind a caller's pointer.
func object<Object: AnyObject>(_ pointer: OpaquePointer, as type: Object.Type) -> Object {
  Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).takeUnretainedValue()
}

/// Ends the life of an object, from the caller's side.
func release<Object: AnyObject>(_ pointer: OpaquePointer?, as type: Object.Type) {
  guard let pointer else { return }
  Unmanaged<Object>.fromOpaque(UnsafeRawPointer(pointer)).release()
}
