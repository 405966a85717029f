using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;

namespace BestOfN.Benchmarks.Images;

/// <summary>The report that <c>--json</c> writes.</summary>
/// <param name="Vision">Sizes of the vision encoder.</param>
/// <param name="Decoder">Sizes of the decoder.</param>
/// <param name="Cases">One for each case and type.</param>
/// <param name="Video">Null where ffmpeg is not installed.</param>
internal sealed record ImageReport(
    VisionConfiguration Vision, DecoderConfiguration Decoder, IReadOnlyList<ImageResult> Cases, VideoResult? Video);
