using BestOfN.Core.Generation;

namespace BestOfN.Gateway.Configuration;

/// <summary>A kind of generator that the configuration can name.</summary>
internal interface IGeneratorSource
{
    /// <summary>What <see cref="ModelOptions.Generator"/> says.</summary>
    string Kind { get; }

    /// <summary>Whether the client's request goes on as it came, so that fields and content unknown here are not lost.</summary>
    bool ForwardsVerbatim { get; }

    /// <summary>The mistakes in a model's settings that this kind of generator can tell.</summary>
    IEnumerable<(string Setting, string Problem)> Check(ModelOptions options);

    /// <summary>Opens the model. May take long; called once for each model, when the gateway starts.</summary>
    IGenerator Open(string model, ModelOptions options);
}
