using BestOfN.Core.Selection;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Models;

namespace BestOfN.Gateway.Page;

/// <summary>What the page has to know to offer choices.</summary>
internal sealed record PageFacts(IReadOnlyList<PageModel> Models, IReadOnlyList<PageStrategy> Strategies)
{
    public static PageFacts Of(GeneratorCatalog models, SelectionStrategies strategies, BestOfNOptions options) => new(
        [.. models.Models.Select(model => Model(model, options))],
        [.. strategies.Names.Select(name => new PageStrategy(name, strategies[name].NeedsScores))]);

    private static PageModel Model(ServedModel model, BestOfNOptions options) => new(
        model.Name,
        model.Generator.IsReady ? "ready" : model.Generator.Failure is null ? "loading" : "failed",
        model.Options.Candidates ?? options.Candidates,
        Math.Min(options.MaxCandidates, model.Options.MaxSequences ?? int.MaxValue),
        model.Options.Strategy ?? options.Strategy,
        model.Options.RewardModel,
        model.ForwardsVerbatim || model.Generator.Opened is not { AcceptsPictures: false });
}
