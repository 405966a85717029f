using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Selection.Fields;
using BestOfN.Protocols.OpenAI.Wire;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Selection;

/// <summary>
/// Decides what a request leaves open, from its fields, its header, the model's defaults and the global ones. The prompt has no say.
/// </summary>
/// <remarks>Opens nothing, reads no attachment and waits for nothing. Thread-safe.</remarks>
internal sealed class RequestPolicy(
    GeneratorCatalog generators, RewardModelCatalog rewardModels, SelectionStrategies strategies, IOptions<BestOfNOptions> options)
{
    /// <param name="request">What the client asks for.</param>
    /// <param name="headers">Those it came with.</param>
    /// <exception cref="ApiException">The request asks for what is not there or not allowed, or leaves out what is needed.</exception>
    public RequestDecisions Decide(ModelRequest request, IHeaderDictionary headers)
    {
        if (!generators.TryFind(request.Model, out var model, out var alias))
        {
            throw ApiException.ModelNotFound(request.Model);
        }

        if (request.BestOfN.Return is ReportDetail.Live && !request.Stream.Stream)
        {
            throw ApiException.Invalid("'best_of_n.return' may be live only with 'stream': true.", "best_of_n.return", "invalid_value");
        }

        var choices = request.Choices ?? 1;
        var candidates = Candidates(request, BestOfNHeaders.CandidatesOf(headers), alias, model, choices);
        var strategy = Strategy(request, model);
        var rewardModel = RewardModel(request, model, isRequired: strategy.NeedsScores && candidates > 1);
        var (mostTime, mostTokens) = (options.Value.TimeBudget, options.Value.TokenBudget);
        var time = Within(request.BestOfN.TimeBudget, mostTime, "best_of_n.time_budget_ms", budget => $"{budget.TotalMilliseconds:0} ms");
        var tokens = Within(request.BestOfN.TokenBudget, mostTokens, "best_of_n.token_budget", budget => $"{budget} tokens");
        return new()
        {
            Model = model,
            Candidates = candidates,
            Choices = choices,
            Strategy = strategy,
            RewardModel = rewardModel,
            WantsScores = request.BestOfN.Return is not ReportDetail.None,
            TimeBudget = time ?? mostTime,
            CutsAnswers = time is not null,
            TokenBudget = tokens ?? mostTokens,
        };
    }

    /// <summary>An operator's budget is a limit: a request may lower it.</summary>
    private static T? Within<T>(T? asked, T? most, string param, Func<T, string> words) where T : struct, IComparable<T> =>
        asked is { } value && most is { } limit && value.CompareTo(limit) > 0
            ? throw ApiException.Invalid($"'{param}' asks for {words(value)}; allowed are at most {words(limit)}.", param, "out_of_range")
            : asked;

    /// <summary>The first that speaks wins: body, header, alias, the model's default, the global default.</summary>
    private int Candidates(ModelRequest request, int? header, int? alias, ServedModel model, int choices)
    {
        var (asked, param) = request.BestOfN.Candidates is not null ? (request.BestOfN.Candidates, "best_of_n.n")
            : header is not null ? (header, BestOfNHeaders.Selection)
            : alias is not null ? (alias, "model")
            : ((int?)null, "n");

        // Where no number of candidates was asked for, n keeps OpenAI's meaning whatever the default is.
        var candidates = asked ?? Math.Max(model.Options.Candidates ?? options.Value.Candidates, choices);
        var most = Math.Min(options.Value.MaxCandidates, model.Options.MaxSequences ?? int.MaxValue);
        if (candidates < 1 || candidates > most)
        {
            throw ApiException.Invalid($"{candidates} candidates were asked for; allowed are 1 to {most}.", param, "out_of_range");
        }

        return choices <= candidates
            ? candidates
            : throw ApiException.Invalid(
                $"'n' is {choices}, but there are only {candidates} candidates to choose from.", "n", "out_of_range");
    }

    private ISelectionStrategy Strategy(ModelRequest request, ServedModel model)
    {
        var name = request.BestOfN.Strategy ?? model.Options.Strategy ?? options.Value.Strategy;
        return strategies.TryGet(name, out var strategy)
            ? strategy
            : throw ApiException.Invalid(
                $"There is no strategy '{name}'; known are {string.Join(", ", strategies.Names)}.", "best_of_n.strategy", "invalid_value");
    }

    private CatalogEntry<IRewardModel>? RewardModel(ModelRequest request, ServedModel model, bool isRequired)
    {
        const string Field = "best_of_n.reward_model";
        var name = request.BestOfN.RewardModel ?? model.Options.RewardModel;
        if (name is not null)
        {
            return rewardModels.TryGet(name, out var entry)
                ? entry
                : throw ApiException.Invalid($"There is no reward model '{name}'.", Field, "invalid_value");
        }

        return !isRequired ? null : throw ApiException.Invalid(
            "The strategy needs a reward model, and neither the request nor the model's configuration names one.", Field);
    }
}
