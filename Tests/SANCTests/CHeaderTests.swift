import CSAN
import SANC
import XCTest

/// The functions of `san.h` that come after its first ones.
final class CHeaderTests: XCTestCase {
  /// Compiles only where the header declares what the library defines.
  func testTheHeaderIsTheLibrarysOwn() {
    func same<Function>(_ declared: Function, _ defined: Function) {}
    same(san_open_model, sanOpenModel)
    same(san_model_name, sanModelName)
    same(san_threads, sanThreads)
    same(san_control_new, sanControlNew)
    same(san_control_cancel, sanControlCancel)
    same(san_control_free, sanControlFree)
    same(san_image_file, sanImageFile)
    same(san_image_bytes, sanImageBytes)
    same(san_image_pixels, sanImagePixels)
    same(san_image_width, sanImageWidth)
    same(san_image_height, sanImageHeight)
    same(san_image_data, sanImageData)
    same(san_image_free, sanImageFree)
    same(san_builtin_sets, sanBuiltinSets)
    same(san_builtin_classes, sanBuiltinClasses)
    same(san_vocabulary_new, sanVocabularyNew)
    same(san_vocabulary_names, sanVocabularyNames)
    same(san_vocabulary_free, sanVocabularyFree)
    same(san_encode, sanEncode)
    same(san_encoded_proposals, sanEncodedProposals)
    same(san_encoded_free, sanEncodedFree)
    same(san_segment_encoded, sanSegmentEncoded)
    same(san_segment_image, sanSegmentImage)
    same(san_label_data, sanLabelData)
    same(san_score_data, sanScoreData)
    same(san_score_class_count, sanScoreClassCount)
    same(san_doubt, sanDoubt)
    same(san_color, sanColor)
    same(san_overlay, sanOverlay)
    same(san_mask_of, sanMaskOf)
    same(san_polygons_new, sanPolygonsNew)
    same(san_polygon_count, sanPolygonCount)
    same(san_polygon_at, sanPolygonAt)
    same(san_polygons_free, sanPolygonsFree)
    // An older program reads these bytes where they are today.
    let name: [PartialKeyPath<san_class_name>] = [\san_class_name.title, \.synonyms, \.synonym_count]
    XCTAssertEqual(name.map { MemoryLayout<san_class_name>.offset(of: $0) }, [0, 8, 16])
    let proposals: [PartialKeyPath<san_proposals>] = [
      \san_proposals.masks, \.embeddings, \.count, \.height, \.width, \.dimension, \.padded_height,
      \.padded_width, \.resized_height, \.resized_width,
    ]
    XCTAssertEqual(
      proposals.map { MemoryLayout<san_proposals>.offset(of: $0) }, Array(stride(from: 0, to: 80, by: 8)))
    let mask: [PartialKeyPath<san_mask>] = [\san_mask.counts, \.pixels, \.x, \.y, \.width, \.height]
    XCTAssertEqual(mask.map { MemoryLayout<san_mask>.offset(of: $0) }, [0, 8, 16, 20, 24, 28])
    let polygon: [PartialKeyPath<san_polygon>] = [\san_polygon.points, \.count, \.label]
    XCTAssertEqual(polygon.map { MemoryLayout<san_polygon>.offset(of: $0) }, [0, 8, 16])
  }
}
