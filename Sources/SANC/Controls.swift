import SANInference

// What a `san_control` points to is a `RunControl`.

/// See `san.h`.
@_cdecl("san_control_new")
public func sanControlNew(_ control: UnsafeMutablePointer<OpaquePointer?>?) -> CInt {
  status { try needed(control, "control").pointee = retain(RunControl()) }
}

/// See `san.h`.
@_cdecl("san_control_cancel")
public func sanControlCancel(_ control: OpaquePointer?) {
  if let control { object(control, as: RunControl.self).cancel() }
}

/// See `san.h`.
@_cdecl("san_control_free")
public func sanControlFree(_ control: OpaquePointer?) { release(control, as: RunControl.self) }

/// The control that a call was given, or one that nobody cancels.
func runControl(_ control: OpaquePointer?) -> RunControl {
  control.map { object($0, as: RunControl.self) } ?? RunControl()
}
