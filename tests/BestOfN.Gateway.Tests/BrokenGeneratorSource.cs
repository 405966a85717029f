using BestOfN.Core.Generation;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Tests;

internal sealed class BrokenGeneratorSource : IGeneratorSource
{
    /// <summary>What the folder makes the exception say.</summary>
    public const string Words = "model.safetensors is truncated: \u001b[31mred\u001b[0m\nerror: forged";

    public string Kind => "broken";

    public bool ForwardsVerbatim => false;

    public IEnumerable<(string Setting, string Problem)> Check(ModelOptions options) => [];

    public IGenerator Open(string model, ModelOptions options) => throw new InvalidDataException(Words);
}
