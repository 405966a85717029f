using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;

namespace BestOfN.Benchmarks.Images;

/// <summary>Multiplications and additions of the parts of a request: linear layers and attention, nothing else.</summary>
internal sealed record ImageFlops(double Tower, double Projector, double Prompt, double Answers)
{
    public double Total => Tower + Projector + Prompt + Answers;

    /// <summary>
    /// What cannot be done without: image and prompt once, every answer once. In the last layer keys and values of all tokens, the rest
    /// for one token of every answer.
    /// </summary>
    public static ImageFlops Once(VisionConfiguration v, DecoderConfiguration c, ImageCase request)
    {
        var (N, A, P, M, L) = (request.N, (double)ImageCase.AnswerTokens,
            (double)request.PromptTokens(v), request.ImageTokens(v), c.Layers);
        var keysAndValues = 4.0 * c.HiddenSize * c.KeyValueHeads * c.HeadSize;
        var branchOfKeysAndValues = 2.0 * c.PartialLoraRank * (c.HiddenSize + (2.0 * c.KeyValueHeads * c.HeadSize));
        return new ImageFlops(
            OfTower(v, request),
            OfProjector(v, c, request),
            (P * (((L - 1) * Layer(c)) + keysAndValues)) + (M * (((L - 1) * Branch(c)) + branchOfKeysAndValues))
                + (PerPair(c) * (L - 1) * Causal(P)),
            N * ((A * (((L - 1) * Layer(c)) + keysAndValues)) + (Layer(c) - keysAndValues)
                + (PerPair(c) * (((L - 1) * ((A * P) + Causal(A))) + P + A))));
    }

    /// <summary>Everything for every candidate.</summary>
    public static ImageFlops PerCandidate(VisionConfiguration v, DecoderConfiguration c, ImageCase request)
    {
        var (N, A, P, M, L) = (request.N, (double)ImageCase.AnswerTokens,
            (double)request.PromptTokens(v), request.ImageTokens(v), c.Layers);
        return new ImageFlops(
            N * OfTower(v, request),
            N * OfProjector(v, c, request),
            N * L * ((P * Layer(c)) + (M * Branch(c)) + (PerPair(c) * Causal(P))),
            N * L * ((A * Layer(c)) + (PerPair(c) * ((A * P) + Causal(A)))));
    }

    private static double OfTower(VisionConfiguration v, ImageCase request)
    {
        double C = v.HiddenSize, patches = v.Patches * v.Patches, T = patches + 1;
        var embedding = patches * 2 * 3 * v.PatchSize * v.PatchSize * C;
        var layer = (T * 2 * ((4 * C * C) + (2 * C * v.IntermediateSize))) + (4 * T * T * C);
        return (1 + request.Tiles) * (embedding + (v.Layers * layer));
    }

    private static double OfProjector(VisionConfiguration v, DecoderConfiguration c, ImageCase request) =>
        request.ImageTokens(v) * 2.0 * c.HiddenSize * ((4.0 * v.HiddenSize) + c.HiddenSize);

    private static double Layer(DecoderConfiguration c) => (double)c.LinearFlopsPerToken / c.Layers;

    // Partial LoRA beside all five products of a layer.
    private static double Branch(DecoderConfiguration c)
    {
        double C = c.HiddenSize, I = c.IntermediateSize, heads = c.Heads * c.HeadSize, all = (c.Heads + (2 * c.KeyValueHeads)) * c.HeadSize;
        return 2 * c.PartialLoraRank * (C + all + heads + C + (3 * (C + I)));
    }

    private static double PerPair(DecoderConfiguration c) => 4.0 * c.Heads * c.HeadSize;

    private static double Causal(double tokens) => tokens * (tokens + 1) / 2;
}
