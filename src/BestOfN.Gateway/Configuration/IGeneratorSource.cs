using BestOfN.Core.Generation;

namespace BestOfN.Gateway.Configuration;

/// <summary>A kind of generator that the configuration can name.</summary>
internal interface IGeneratorSource
{
    /// <summary>What <see cref="ModelOptions.Generator"/> says.</summary>
    string Kind { get; }

    /// <summary>Whether the client's request goes on as it came, so that fields and content unknown here are not lost.</summary>
    bool ForwardsVerbatim { get; }

    /// <summary>What is wrong with a model's settings as far as this kind is concerned.</summary>
    IEnumerable<(string Setting, string Problem)> Check(ModelOptions options);

    /// <summary>Opens the model. May take long; called once for each model, when the gateway starts.</summary>
    IGenerator Open(string model, ModelOptions options);
}
