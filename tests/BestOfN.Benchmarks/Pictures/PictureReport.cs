using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;

namespace BestOfN.Benchmarks.Pictures;

/// <summary>The report that <c>--json</c> writes.</summary>
/// <param name="Vision">Sizes of the vision encoder.</param>
/// <param name="Decoder">Sizes of the decoder.</param>
/// <param name="Cases">One for each case and type.</param>
/// <param name="Video">Null where ffmpeg is not installed.</param>
internal sealed record PictureReport(
    VisionConfiguration Vision, DecoderConfiguration Decoder, IReadOnlyList<PictureResult> Cases, VideoResult? Video);
