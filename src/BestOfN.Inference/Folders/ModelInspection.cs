using BestOfN.Core.Computing;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Networks.Vision;

namespace BestOfN.Inference.Folders;

/// <summary>What can be told of a model folder without reading a weight. Null where the folder does not tell.</summary>
public sealed record ModelInspection
{
    public required string Folder { get; init; }

    public string? Architecture { get; init; }

    /// <summary><c>reward</c>, <c>step reward</c> or <c>generator</c>.</summary>
    public string? Kind { get; init; }

    public DecoderConfiguration? Decoder { get; init; }

    /// <summary>Null where the model sees text only.</summary>
    public VisionConfiguration? Vision { get; init; }

    public StoredWeights? Weights { get; init; }

    /// <summary>Weights that the network uses.</summary>
    public long? Parameters { get; init; }

    public MemoryNeeds? Memory { get; init; }

    /// <summary>Kind and size of the vocabulary.</summary>
    public string? Tokenizer { get; init; }

    /// <summary>Where the chat template comes from.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>How this machine computes it; null unless it was loaded to be asked (<see cref="ModelInspector.LoadAndAsk"/>).</summary>
    public ModelComputation? Computation { get; init; }

    /// <summary>What the folder does not say and is taken from the published code.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    /// <summary>Tensors that the network does not use, by name with <c>{i}</c> for numbers, and how many of each.</summary>
    public IReadOnlyDictionary<string, int> Ignored { get; init; } = new Dictionary<string, int>();

    /// <summary>Why the folder does not load; empty where it does.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}
