// Makes pages of what a program tells of itself: manual PROGRAM > PROGRAM.1, or reference PROGRAM > PROGRAM.md
//
// It reads the JSON of swift-argument-parser's --experimental-dump-help.

import Foundation

let (page, program) = (CommandLine.arguments[1], CommandLine.arguments[2])
let tool = try JSONDecoder().decode(Tool.self, from: output(of: program, "--experimental-dump-help"))
precondition(tool.serializationVersion == 0, "a new version of the help's JSON: these files must learn it")
let version = String(decoding: try output(of: program, "--version"), as: UTF8.self)
  .trimmingCharacters(in: .whitespacesAndNewlines)
switch page {
case "manual": printManual(tool.command, version: version)
case "reference": printReference(tool.command)
default: preconditionFailure("manual or reference")
}
