using BestOfN.Inference.Networks.Vision;

namespace BestOfN.Inference.Networks;

/// <summary>What reward models and language models have in common.</summary>
internal interface INetwork : IDisposable
{
    string Architecture { get; }

    Decoder Decoder { get; }

    /// <summary>Reads images; null where the model sees text only.</summary>
    ImageEncoder? ImageEncoder { get; }

    /// <summary>Most tiles that an image may be cut into.</summary>
    int MaxTiles { get; }
}
