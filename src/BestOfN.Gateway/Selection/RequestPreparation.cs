using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Selection.Attachments;
using BestOfN.Gateway.Selection.Fields;
using BestOfN.Protocols.OpenAI.Wire;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Selection;

/// <summary>Decides what a request leaves open, from its fields, its headers, the model's defaults and the global ones. The prompt has no say.</summary>
internal sealed class RequestPlanner(
    GeneratorCatalog generators, RewardModelCatalog rewardModels, SelectionStrategies strategies, AttachmentReader attachments, IOptions<BestOfNOptions> options)
{
    private const string Unscored = "one candidate ('best_of_n': 1) is answered without it.";

    /// <exception cref="ApiException">The request asks for what there is not.</exception>
    public async Task<PlannedRequest> PlanAsync(ModelRequest request, IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        if (!generators.TryFind(request.Model, out var model, out var alias))
        {
            throw ApiException.ModelNotFound(request.Model);
        }

        var candidates = Candidates(request, BestOfNHeaders.CandidatesOf(headers), alias, model);
        var strategy = Strategy(request, model);
        var wantsScores = request.BestOfN.Return is not ReportDetail.None;
        var rewardModel = RewardModel(request, model, required: strategy.NeedsScores && candidates > 1);

        var timeBudget = Within(request.BestOfN.TimeBudget, options.Value.TimeBudget, "best_of_n.time_budget_ms", budget => $"{budget.TotalMilliseconds:0} ms");
        var tokenBudget = Within(request.BestOfN.TokenBudget, options.Value.TokenBudget, "best_of_n.token_budget", budget => $"{budget} tokens");
        var generator = await model.Generator.GetAsync(cancellationToken);
        var judge = rewardModel is null ? null : await rewardModel.GetAsync(cancellationToken);

        var selection = new SelectionRequest
        {
            Model = model.Name,
            Generator = generator,
            RewardModel = judge,
            Strategy = strategy.Name,
            Choices = request.Choices ?? 1,
            WantsScores = wantsScores,
            Demands = request.Demands,
            TimeBudget = timeBudget ?? options.Value.TimeBudget,
            CutsAnswers = timeBudget is not null,
            Generation = new GenerationRequest
            {
                Prompt = request.Prompt,
                Candidates = candidates,
                Model = model.Options.UpstreamModel ?? model.Name,
                Sampling = request.Sampling,
                Body = request.Body,
                TokenBudget = tokenBudget ?? options.Value.TokenBudget,
            },
        };
        var judged = selection.IsJudged(strategy);
        RefuseUnsupported(request, model, judged);
        return new PlannedRequest(request, model, selection with
        {
            Generation = selection.Generation with { Prompt = ReadAttachments(request, model, generator, judged ? judge : null) },
        });
    }

    /// <summary>An operator's budget is a limit: a request may lower it.</summary>
    private static T? Within<T>(T? asked, T? most, string param, Func<T, string> words) where T : struct, IComparable<T> =>
        asked is { } value && most is { } limit && value.CompareTo(limit) > 0
            ? throw ApiException.Invalid($"'{param}' asks for {words(value)}; allowed are at most {words(limit)}.", param, "out_of_range")
            : asked;

    /// <summary>The first that speaks wins: body, header, alias, the model's default, the global default.</summary>
    private int Candidates(ModelRequest request, int? header, int? alias, ServedModel model)
    {
        var choices = request.Choices ?? 1;
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

        return choices <= candidates ? candidates : throw ApiException.Invalid($"'n' is {choices}, but there are only {candidates} candidates to choose from.", "n", "out_of_range");
    }

    private ISelectionStrategy Strategy(ModelRequest request, ServedModel model)
    {
        var name = request.BestOfN.Strategy ?? model.Options.Strategy ?? options.Value.Strategy;
        return strategies.TryGet(name, out var strategy)
            ? strategy
            : throw ApiException.Invalid($"There is no strategy '{name}'; known are {string.Join(", ", strategies.Names)}.", "best_of_n.strategy", "invalid_value");
    }

    private CatalogEntry<IRewardModel>? RewardModel(ModelRequest request, ServedModel model, bool required)
    {
        var name = request.BestOfN.RewardModel ?? model.Options.RewardModel;
        if (name is not null && rewardModels.TryGet(name, out var entry))
        {
            return entry;
        }

        return name is not null ? throw ApiException.Invalid($"There is no reward model '{name}'.", "best_of_n.reward_model", "invalid_value")
            : required ? throw ApiException.Invalid($"The strategy needs a reward model, and neither the request nor the model's configuration names one.", "best_of_n.reward_model")
            : null;
    }

    /// <summary>Whoever works in this process must see the pictures; what only passes through stays as it came.</summary>
    private Prompt ReadAttachments(ModelRequest request, ServedModel model, IGenerator generator, IRewardModel? judge)
    {
        if (AttachmentReader.First(request.Prompt) is not { } first || (model.ForwardsVerbatim && judge is null))
        {
            return request.Prompt;
        }

        if (!model.ForwardsVerbatim && !generator.AcceptsPictures)
        {
            throw ApiException.Invalid($"The model '{model.Name}' cannot see pictures or videos.", first.Source, "unsupported_content");
        }

        if (judge is { AcceptsPictures: false })
        {
            throw ApiException.Invalid($"The reward model '{judge.Name}' cannot see pictures or videos; {Unscored}", first.Source, "unsupported_content");
        }

        return attachments.Read(request.Prompt);
    }

    private static void RefuseUnsupported(ModelRequest request, ServedModel model, bool judged)
    {
        if (request.UnsupportedContent is { } content && (judged || !model.ForwardsVerbatim))
        {
            throw ApiException.Invalid(
                model.ForwardsVerbatim ? $"The reward model reads text, pictures and videos only; {Unscored}" : $"The model '{model.Name}' reads text, pictures and videos only.",
                content,
                "unsupported_content");
        }

        if (request.UnsupportedField is { } field && !model.ForwardsVerbatim)
        {
            throw ApiException.Invalid($"'{model.Name}' does not support '{field}'.", field, "unsupported_parameter");
        }
    }
}
