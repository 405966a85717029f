using BestOfN.Inference.Folders;
using BestOfN.Inference.Generation;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks;
using BestOfN.Inputs.Decoding;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Training.Pocket;
using static TorchSharp.torch;

namespace BestOfN.Training.Policy;

/// <summary>Lets the policy answer prompts: each is read once, and its answers are forked from there.</summary>
/// <remarks>Weights are taken anew for every call, and no state of a prompt outlives it: nothing is answered by older weights.</remarks>
internal sealed class RolloutSampler
{
    private readonly PolicyNetwork _policy;
    private readonly ITokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly IReadOnlyList<int> _ends;
    private readonly int _maxNewTokens;

    public RolloutSampler(PolicyNetwork policy, string folder, int maxNewTokens)
    {
        (_policy, _maxNewTokens, _tokenizer) = (policy, maxNewTokens, TokenizerFiles.Load(folder));
        _template = ChatTemplate.Load(folder, policy.Architecture, _tokenizer);
        _ends = EndTokens.Of(folder, policy.EndTokenIds, _tokenizer, _template);
    }

    /// <summary>The prompt as the policy reads it.</summary>
    public TrainingPrompt Read(PolicyPrompt prompt) => Read(prompt, _policy.MaxTiles, _policy);

    /// <summary>The prompt as another network with the same tokenizer reads it.</summary>
    public TrainingPrompt Read(PolicyPrompt prompt, int maxTiles, PolicyNetwork network)
    {
        var text = _template.Encode(prompt.Messages, addGenerationPrompt: true);
        if (prompt.Image is null || network.ImageEncoder is not { } encoder)
        {
            return new TrainingPrompt([.. text]);
        }

        var image = prompt.Image(maxTiles, encoder.Configuration.ImageSize);
        var tokens = image.TokenCount(encoder.Configuration.Cells);
        return new TrainingPrompt([text[0], .. Enumerable.Repeat(0, tokens), .. text.Skip(1)], image, tokens);
    }

    /// <param name="prompts">The prompts.</param>
    /// <param name="answers">Answers per prompt.</param>
    /// <param name="temperature">1, or 0 for greedy answers.</param>
    /// <param name="seed">Decides all answers.</param>
    /// <param name="cancellationToken">Gives the answers up.</param>
    public RolloutGroup[] Sample(
        IReadOnlyList<PolicyPrompt> prompts, int answers, double temperature, ulong seed, CancellationToken cancellationToken)
    {
        using var model = _policy.ForRollouts();
        TrainingPrompt[] read = [.. prompts.AsParallel().AsOrdered().Select(Read)];
        var drawn = Draw(model, read, answers, temperature, seed, cancellationToken);
        return
        [
            .. prompts.Select((prompt, i) => new RolloutGroup(prompt, read[i], [.. drawn[i].Select(sample =>
            {
                var text = _tokenizer.Decode(sample.Ids);
                IReadOnlyList<int> tokens = sample.EndToken is { } end ? [.. sample.Ids, end] : sample.Ids;
                return new RolloutAnswer(tokens, text, sample.IsComplete, sample.Logprobs, prompt.Check?.Invoke(text));
            })])),
        ];
    }

    private BulkSample[][] Draw(
        LanguageModel model, TrainingPrompt[] read, int answers, double temperature, ulong seed, CancellationToken cancellationToken)
    {
        using var store = model.ImageEncoder is { } encoder && read.Any(p => p.Image is not null)
            ? new ImageStore(encoder, model.Decoder, model.Decoder.Configuration.VocabularySize, budget: 0) : null;
        var shown = read.Select(p => p.Image is { } image ? store!.Add(image) : null).ToArray();
        using (inference_mode())
        {
            store?.Encode(shown.OfType<StoredImage>());
        }

        IReadOnlyList<int> Ids(TrainingPrompt prompt, StoredImage? image) => image is null ? prompt.Ids
            : [prompt.Ids[0], .. image.Ids, .. prompt.Ids.Skip(1 + prompt.ImageTokens)];
        return BulkSampler.Sample(
            model, [.. read.Zip(shown, Ids)], answers, new TokenSampling { Temperature = temperature }, unchecked((long)(seed >> 1)),
            _maxNewTokens, endTokenIds: _ends, images: store, reportsLogprobs: temperature > 0, cancellationToken: cancellationToken);
    }
}
