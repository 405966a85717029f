using BestOfN.Core.Generation;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Tests;

internal sealed class BrokenGeneratorSource : IGeneratorSource
{
    public string Kind => "broken";

    public bool ForwardsVerbatim => false;

    public IEnumerable<(string Setting, string Problem)> Check(ModelOptions options) => [];

    public IGenerator Open(string model, ModelOptions options) => throw new InvalidDataException("model.safetensors is truncated.");
}
