using System.Text;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Scoring;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inference.Scoring;

/// <summary>The calls of the published InternLM-XComposer2.5-Reward under their documented meaning.</summary>
/// <remarks>
/// For trusted text: as in the published code, the spelling of a special token in a content is that token, and <c>&lt;ImageHere&gt;</c>
/// stands for the next image. A single image without one stands before everything. The chat form
/// (<see cref="ScoringEngine.Begin(Prompt)"/>) has neither trap. Where the published code cuts silently or leaves images out, these calls
/// fail. EXIF data turn no image, as there. Thread-safe.
/// </remarks>
public sealed class ReferenceScoring
{
    private const string Placeholder = InternLMMarkers.Image;

    private readonly ScoringEngine _engine;
    private readonly SpecialTokenEncoder _encoder;
    private readonly int _bos;
    private readonly string _start, _end, _ending;

    /// <param name="engine">With a model of InternLM-XComposer2.</param>
    /// <exception cref="ArgumentException">It is of another family, or its tokenizer lacks a token of the prompt.</exception>
    public ReferenceScoring(ScoringEngine engine)
    {
        ArgumentNullException.ThrowIfNull(engine);
        if (engine.Tokenizer is not { } tokenizer
            || !engine.Network.Architecture.StartsWith(InternLMXComposer2.Family.Prefix, StringComparison.Ordinal))
        {
            throw new ArgumentException(
                $"The reference calls are those of InternLM-XComposer2.5-Reward; '{engine.Name}' is another model.", nameof(engine));
        }

        (_engine, _encoder) = (engine, new SpecialTokenEncoder(tokenizer));
        string Spelled(params string[] spellings) => spellings.FirstOrDefault(tokenizer.SpecialTokens.ContainsKey)
            ?? throw new ArgumentException($"The tokenizer has no token {spellings[0]}.", nameof(engine));
        _bos = tokenizer.BosId ?? throw new ArgumentException("The tokenizer has no token before a text.", nameof(engine));
        _start = Spelled(InternLMMarkers.MessageStart, "<|im_start|>");
        _end = Spelled(InternLMMarkers.MessageEnd, "<|im_end|>");
        _ending = Spelled("</s>") + Spelled(InternLMMarkers.Reward, "<|reward|>");
    }

    /// <summary>The score of one conversation: higher is better, unbounded.</summary>
    /// <param name="conversation">Messages of system, user and assistant, the judged answer last.</param>
    /// <param name="images">Images and videos in the order of their placeholders; <see cref="ImageFile.Read"/> reads them from
    /// files.</param>
    /// <param name="maxLength">Tokens at most, those of images included.</param>
    /// <param name="hdNum">Tiles at most of a single image; several get 6 each, whatever is said here. Published scores were made with
    /// 9.</param>
    /// <param name="applyTemplate">False: the texts of the conversation are the prompt as it is, and nothing is added.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="ScoringFailedException">Another role, more or fewer placeholders than images, an image that cannot be read, too
    /// many tokens, or the model failed.</exception>
    public async Task<double> GetScoreAsync(
        IReadOnlyList<ChatMessage> conversation,
        IReadOnlyList<ContentPart> images,
        int maxLength = 16_384,
        int hdNum = 24,
        bool applyTemplate = true,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(conversation);
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfLessThan(hdNum, 1);
        var pieces = Pieces(applyTemplate ? Assemble(conversation) : string.Concat(conversation.Select(m => m.Text)), images.Count);
        var seen = await DecodeImagesAsync(images, hdNum, cancellationToken);
        ScoringContext context;
        ScoringSequence sequence;
        try
        {
            var ids = new List<int> { _bos };
            ids.AddRange(_encoder.Encode(pieces[0]));
            var shared = 0;
            for (var i = 0; i < images.Count; i++)
            {
                ids.AddRange(seen.Images[i].Ids);
                shared = ids.Count;
                ids.AddRange(_encoder.Encode(pieces[i + 1]));
            }

            if (ids.Count > maxLength)
            {
                throw new ScoringFailedException(
                    $"The conversation has {ids.Count} tokens; at most {maxLength} are allowed. A cut would remove the reward token.");
            }

            sequence = new ScoringSequence { Key = 0, Ids = [.. ids], Rows = [ids.Count - 1] };
            context = _engine.Scheduler.Open([.. ids[..shared]], seen);
        }
        catch
        {
            seen.Dispose();
            throw;
        }

        try
        {
            var score = (await _engine.Scheduler.ScoreAsync(context, [sequence], cancellationToken))[0][0];
            return float.IsFinite(score) ? score
                : throw new ScoringFailedException($"The model's score is {score}, which is no number to compare by.");
        }
        finally
        {
            _engine.Scheduler.Close(context);
        }
    }

    /// <summary>The scores of several conversations, computed together: always a list, also for one.</summary>
    /// <param name="conversations">Each as in <see cref="GetScoreAsync"/>.</param>
    /// <param name="images">For each conversation its images; an empty list for none.</param>
    /// <inheritdoc cref="GetScoreAsync"/>
    public async Task<IReadOnlyList<double>> GetScoresAsync(
        IReadOnlyList<IReadOnlyList<ChatMessage>> conversations,
        IReadOnlyList<IReadOnlyList<ContentPart>> images,
        int maxLength = 16_384,
        int hdNum = 24,
        bool applyTemplate = true,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(conversations);
        ArgumentNullException.ThrowIfNull(images);
        return conversations.Count != images.Count
            ? throw new ArgumentException(
                $"Expected pictures for {conversations.Count} conversations, found {images.Count} lists.", nameof(images))
            : await Task.WhenAll(
                conversations.Select((c, i) => GetScoreAsync(c, images[i], maxLength, hdNum, applyTemplate, cancellationToken)));
    }

    /// <summary>Whether the first of two conversations scores strictly higher.</summary>
    /// <param name="conversation1">As in <see cref="GetScoreAsync"/>.</param>
    /// <param name="image1">Its images.</param>
    /// <param name="conversation2">The other.</param>
    /// <param name="image2">The other's images.</param>
    /// <inheritdoc cref="GetScoreAsync"/>
    public async Task<ReferenceComparison> CompareAsync(
        IReadOnlyList<ChatMessage> conversation1,
        IReadOnlyList<ContentPart> image1,
        IReadOnlyList<ChatMessage> conversation2,
        IReadOnlyList<ContentPart> image2,
        int maxLength = 16_384,
        int hdNum = 24,
        bool applyTemplate = true,
        CancellationToken cancellationToken = default)
    {
        var scores =
            await GetScoresAsync([conversation1, conversation2], [image1, image2], maxLength, hdNum, applyTemplate, cancellationToken);
        return new ReferenceComparison(scores[0] > scores[1], scores[0], scores[1]);
    }

    /// <summary>Conversations by their scores, best first.</summary>
    /// <param name="conversations">Each as in <see cref="GetScoreAsync"/>.</param>
    /// <param name="images">For each conversation its images.</param>
    /// <inheritdoc cref="GetScoreAsync"/>
    public async Task<ReferenceRanking> RankAsync(
        IReadOnlyList<IReadOnlyList<ChatMessage>> conversations,
        IReadOnlyList<IReadOnlyList<ContentPart>> images,
        int maxLength = 16_384,
        int hdNum = 24,
        bool applyTemplate = true,
        CancellationToken cancellationToken = default)
    {
        var scores = await GetScoresAsync(conversations, images, maxLength, hdNum, applyTemplate, cancellationToken);
        int[] order = [.. Enumerable.Range(0, scores.Count).OrderByDescending(i => scores[i])];   // stable
        var ranks = new int[order.Length];
        for (var place = 0; place < order.Length; place++)
        {
            ranks[order[place]] = place;
        }

        return new ReferenceRanking(order, ranks, scores);
    }

    private string Assemble(IReadOnlyList<ChatMessage> conversation)
    {
        var prompt = new StringBuilder();
        foreach (var message in conversation)
        {
            if (message.Role is not ("system" or "user" or "assistant"))
            {
                throw new ScoringFailedException($"Role '{message.Role}' is not known to the model: expected system, user or assistant.");
            }

            prompt.Append(_start).Append(message.Role).Append('\n').Append(message.Text).Append(_end).Append('\n');
        }

        return prompt.Append(_ending).ToString();
    }

    private static string[] Pieces(string prompt, int images)
    {
        var pieces = prompt.Split(Placeholder);
        return pieces.Length - 1 == images ? pieces
            : images == 1 && pieces.Length == 1 ? ["", prompt]
            : throw new ScoringFailedException($"The conversation has {pieces.Length - 1} {Placeholder} for {images} pictures.");
    }

    private async Task<SeenPrompt> DecodeImagesAsync(IReadOnlyList<ContentPart> images, int hdNum, CancellationToken cancellationToken)
    {
        ContentPart[] named = [.. images.Select((image, i) => image is ImagePart or VideoPart
            ? image with { Source = image.Source ?? $"image[{i}]" }
            : throw new ScoringFailedException($"image[{i}]: expected a picture or a video."))];
        try
        {
            return await Task.Run(
                () => _engine.Reader.ReadAsync([new ChatMessage("user", named)], hdNum, ImageOrientation.AsStored, cancellationToken),
                    cancellationToken);
        }
        catch (UnreadablePromptException e)
        {
            throw e.ToScoringFailure();
        }
    }
}
