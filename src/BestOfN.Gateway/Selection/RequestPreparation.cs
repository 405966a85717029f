using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Core.Selection;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Models;
using BestOfN.Gateway.Selection.Attachments;

namespace BestOfN.Gateway.Selection;

/// <summary>
/// Makes a request ready to be answered: decides what it leaves open, waits for its models, and reads the pictures and videos that they
/// will see.
/// </summary>
internal sealed class RequestPreparation(RequestPolicy policy, AttachmentReader attachments)
{
    private const string Unscored = "one candidate ('best_of_n': 1) is answered without it.";

    /// <exception cref="ApiException">The request asks for what there is not, or brings what its models cannot read.</exception>
    public async Task<PreparedRequest> PrepareAsync(ModelRequest request, IHeaderDictionary headers, CancellationToken cancellationToken)
    {
        var decided = policy.Decide(request, headers);
        var model = decided.Model;
        var selection = new SelectionRequest
        {
            Model = model.Name,
            Generator = await model.Generator.GetAsync(cancellationToken),
            RewardModel = decided.RewardModel is { } judge ? await judge.GetAsync(cancellationToken) : null,
            Strategy = decided.Strategy.Name,
            Choices = decided.Choices,
            WantsScores = decided.WantsScores,
            Demands = request.Demands,
            TimeBudget = decided.TimeBudget,
            CutsAnswers = decided.CutsAnswers,
            Generation = new GenerationRequest
            {
                Prompt = request.Prompt,
                Candidates = decided.Candidates,
                Model = model.Options.UpstreamModel ?? model.Name,
                Sampling = request.Sampling,
                Body = request.Body,
                TokenBudget = decided.TokenBudget,
            },
        };
        var readers = new PromptReaders(
            model.ForwardsVerbatim ? null : selection.Generator, selection.IsJudged(decided.Strategy) ? selection.RewardModel : null);
        RefuseUnsupported(request, model, readers);
        return new PreparedRequest(request, model, selection with
        {
            Generation = selection.Generation with { Prompt = ReadAttachments(request.Prompt, model, readers) },
        });
    }

    private static void RefuseUnsupported(ModelRequest request, ServedModel model, PromptReaders readers)
    {
        if (request.UnsupportedContent is { } content && readers.Any)
        {
            throw ApiException.Invalid(
                readers.Generator is null
                    ? $"The reward model reads text, pictures and videos only; {Unscored}"
                    : $"The model '{model.Name}' reads text, pictures and videos only.",
                content,
                "unsupported_content");
        }

        if (request.UnsupportedField is { } field && readers.Generator is not null)
        {
            throw ApiException.Invalid($"'{model.Name}' does not support '{field}'.", field, "unsupported_parameter");
        }
    }

    /// <summary>Models that read the prompt here must see its pictures; what only passes through stays as it came.</summary>
    private Prompt ReadAttachments(Prompt prompt, ServedModel model, PromptReaders readers)
    {
        if (AttachmentReader.First(prompt) is not { } first || !readers.Any)
        {
            return prompt;
        }

        if (readers.Generator is { AcceptsPictures: false })
        {
            throw ApiException.Invalid($"The model '{model.Name}' cannot see pictures or videos.", first.Source, "unsupported_content");
        }

        if (readers.RewardModel is { AcceptsPictures: false } judge)
        {
            throw ApiException.Invalid(
                $"The reward model '{judge.Name}' cannot see pictures or videos; {Unscored}", first.Source, "unsupported_content");
        }

        return attachments.Read(prompt);
    }

    /// <summary>The models for which the prompt has to be understood here.</summary>
    /// <param name="Generator">Null where the request is passed on in the client's own bytes.</param>
    /// <param name="RewardModel">Null where nothing is scored.</param>
    private readonly record struct PromptReaders(IGenerator? Generator, IRewardModel? RewardModel)
    {
        public bool Any => Generator is not null || RewardModel is not null;
    }
}
