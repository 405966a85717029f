using BestOfN.Core.Generation;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Tests;

internal sealed class FakeGeneratorSource(IGenerator generator, bool relays = false) : IGeneratorSource
{
    public string Kind => "fake";

    public bool ForwardsVerbatim => relays;

    public IEnumerable<(string Setting, string Problem)> Check(ModelOptions options) =>
        options.Cluster is null ? [] : [(nameof(options.Cluster), "the fake has none.")];

    public IGenerator Open(string model, ModelOptions options) => generator;
}
