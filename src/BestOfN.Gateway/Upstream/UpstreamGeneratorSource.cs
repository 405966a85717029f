using BestOfN.Core.Generation;
using BestOfN.Gateway.Configuration;

namespace BestOfN.Gateway.Upstream;

/// <summary>Generators that are OpenAI-like servers behind a YARP cluster.</summary>
internal sealed class UpstreamGeneratorSource(UpstreamGenerators generators) : IGeneratorSource
{
    public const string Name = "upstream";

    public string Kind => Name;

    public bool ForwardsVerbatim => true;

    public IEnumerable<(string Setting, string Problem)> Check(ModelOptions options)
    {
        if (string.IsNullOrEmpty(options.Cluster))
        {
            yield return (nameof(options.Cluster), "must name a cluster under ReverseProxy:Clusters.");
        }

        if (options.Path is not null)
        {
            yield return (nameof(options.Path), "is for models in process only.");
        }

        if (options.MaxSequences is not null)
        {
            yield return (nameof(options.MaxSequences), "is for models in process only.");
        }
    }

    public IGenerator Open(string model, ModelOptions options) => generators.For(options.Cluster!);
}
