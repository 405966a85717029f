using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks;
using BestOfN.Inputs.Decoding;
using static TorchSharp.torch;

namespace BestOfN.Inference.Generation;

/// <summary>Draws many short answers to many prompts as fast as the device allows: for training data and evaluation.</summary>
/// <remarks>Synchronous, on the thread that owns the device. Weights may require gradients; none are recorded.</remarks>
public static class BulkSampler
{
    private const int TokensPerPrefill = 8192;

    /// <param name="model">Read only.</param>
    /// <param name="prompts">Token ids, at least one each; images by the ids of their vectors.</param>
    /// <param name="samplesPerPrompt">Answers drawn for every prompt.</param>
    /// <param name="sampling">How to draw.</param>
    /// <param name="seed">Every answer has a seed derived from this one, its prompt's place and its own: batching changes nothing but
    /// roundings.</param>
    /// <param name="maxNewTokens">Limit for one answer, the end token included.</param>
    /// <param name="batchSequences">About so many decode together.</param>
    /// <param name="endTokenIds">Tokens that end an answer; null: the model's own.</param>
    /// <param name="images">The images in the prompts, encoded (<see cref="ImageStore.Encode"/>) and leased; null: there are
    /// none.</param>
    /// <param name="progress">Told the number of answers finished so far, after every step that finished any.</param>
    /// <param name="reportsLogprobs">Whether the log-probability of every token is wanted.</param>
    /// <param name="cancellationToken">Checked between steps.</param>
    /// <returns>For every prompt, in order, its answers.</returns>
    /// <exception cref="InvalidOperationException">The network gave values that are not finite.</exception>
    public static BulkSample[][] Sample(
        LanguageModel model,
        IReadOnlyList<IReadOnlyList<int>> prompts,
        int samplesPerPrompt,
        TokenSampling sampling,
        long seed,
        int maxNewTokens,
        int batchSequences = 1024,
        IReadOnlyCollection<int>? endTokenIds = null,
        ImageStore? images = null,
        Action<int>? progress = null,
        bool reportsLogprobs = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(prompts);
        ArgumentNullException.ThrowIfNull(sampling);
        ArgumentOutOfRangeException.ThrowIfLessThan(samplesPerPrompt, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxNewTokens, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSequences, 1);
        var ends = (endTokenIds ?? model.EndTokenIds).ToHashSet();
        var results = prompts.Select(_ => new BulkSample[samplesPerPrompt]).ToArray();

        // Prompts of similar length side by side: little padding.
        var waiting = new Queue<int>(Enumerable.Range(0, prompts.Count).OrderByDescending(i => prompts[i].Count));
        var open = new Dictionary<TokenSequence, (int Prompt, int Sample)>();
        var finished = 0;
        using var inference = inference_mode();
        using var prepacked = model.Prepack();      // anew for every call: between two the model may have learnt
        using var batch = new SequenceBatch(prepacked ?? model, images);
        while (waiting.Count > 0 || open.Count > 0)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (waiting.Count > 0 && open.Count <= batchSequences / 2)
            {
                Fill();
            }

            var before = finished;
            while (batch.HasPrompts)
            {
                Collect(batch.Prefill(TokensPerPrefill));
            }

            Collect(batch.Decode());
            if (finished > before)
            {
                progress?.Invoke(finished);
            }
        }

        return results;

        void Fill()
        {
            var cohort = new List<(IReadOnlyList<int>, IReadOnlyList<TokenSequence>)>();
            do
            {
                var prompt = waiting.Dequeue();
                var sequences = new TokenSequence[samplesPerPrompt];
                for (var s = 0; s < samplesPerPrompt; s++)
                {
                    sequences[s] = new TokenSequence(
                        sampling, CounterRandom.Derive(seed, (prompt * samplesPerPrompt) + s), reportsLogprobs ? 0 : null);
                    open.Add(sequences[s], (prompt, s));
                }

                cohort.Add((prompts[prompt], sequences));
            }
            while (waiting.Count > 0 && open.Count + samplesPerPrompt <= batchSequences);
            batch.Add(cohort, maxNewTokens);
        }

        void Collect(IReadOnlyList<TokenSequence> stepped)
        {
            foreach (var sequence in stepped)
            {
                if (sequence.IsBroken)
                {
                    throw new InvalidOperationException("The language model gave logits that are not finite.");
                }

                var complete = ends.Contains(sequence.Ids[^1]);
                if (!complete && sequence.Ids.Count < maxNewTokens)
                {
                    continue;
                }

                sequence.End();
                var (prompt, sample) = open[sequence];
                open.Remove(sequence);
                results[prompt][sample] = new BulkSample([.. complete ? sequence.Ids.SkipLast(1) : sequence.Ids], complete)
                {
                    EndToken = complete ? sequence.Ids[^1] : null,
                    Logprobs = [.. sequence.Drawn.Select(drawn => drawn.Token.Logprob)],
                };
                finished++;
            }
        }
    }
}
