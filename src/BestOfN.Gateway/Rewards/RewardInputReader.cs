using System.Collections.Concurrent;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Attachments;
using BestOfN.Inputs.Templates.Written;
using BestOfN.Inputs.Tokenizers;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Rewards;

/// <summary>Turns what a request has into what a reward model scores, by the settings of that model.</summary>
internal sealed class RewardInputReader(AttachmentReader attachments, IOptions<BestOfNOptions> options, IHostEnvironment environment)
{
    private readonly ConcurrentDictionary<string, Lazy<ActorTokens>> _actors = new(StringComparer.Ordinal);

    /// <summary>Reads all inputs of a request; those with equal prompts get the same prompt.</summary>
    /// <exception cref="ApiException">One cannot be read; it is named.</exception>
    public IReadOnlyList<RewardInput> Read(string rewardModel, IReadOnlyList<UnreadInput> inputs)
    {
        var settings = options.Value.RewardModels[rewardModel];
        var prompts = new Dictionary<string, Prompt>(StringComparer.Ordinal);
        var attached = new Dictionary<Prompt, Prompt>(ReferenceEqualityComparer.Instance);
        return [.. inputs.Select(input => Read(input, settings, prompts, attached))];
    }

    private RewardInput Read(
        UnreadInput input, RewardModelOptions settings, Dictionary<string, Prompt> prompts, Dictionary<Prompt, Prompt> attached) =>
            input switch
    {
        SentMessages sent => new ConversationInput(Attach(sent.Prompt, attached), sent.Answer),
        SentTokens { MayBeActors: true } tokens when settings.ActorTokenizer is { } folder =>
            Read(new WrittenInput(ActorOf(folder).Spell(tokens.Ids, tokens.Source), tokens.Source), settings, prompts, attached),
        SentTokens tokens => new TokenInput(tokens.Ids),
        WrittenInput written => Read(written, settings, prompts, attached),
        _ => throw new InvalidOperationException($"{input.GetType()} is not known."),
    };

    private RewardInput Read(
        WrittenInput written, RewardModelOptions settings, Dictionary<string, Prompt> prompts, Dictionary<Prompt, Prompt> attached)
    {
        var conversation = settings.PromptText == "raw" ? null : WrittenText.Read(written.Text, settings.DropDefaultSystem);
        if (conversation is null && settings.PromptText != "raw" && written.Parts is { } parts && !WrittenText.HasMarks(written.Text))
        {
            return Read(parts, settings, prompts, attached);
        }

        if (conversation is null)
        {
            return settings.PromptText == "chat"
                    ? throw ApiException.Invalid($"'{written.Source}' is not text of a known chat template that ends with an answer.",
                        written.Source, "unknown_template")
                : written.Images is { Count: > 0 }
                    ? throw ApiException.Invalid(
                        $"'{written.Source}' comes with images, but is not text of a known chat template, so that they have no place.",
                            written.Source, "unknown_template")
                : new TextInput(written.Text, written.AddsSpecialTokens);
        }

        var messages = Show(written, conversation);
        var prompt = new Prompt([.. messages.SkipLast(1)]);
        if (prompt.Messages.Count == 0)
        {
            return new TextInput(written.Text, written.AddsSpecialTokens);
        }

        if (AttachmentReader.First(prompt) is null)
        {
            prompt = Known(prompt, prompts);
        }

        return new ConversationInput(Attach(prompt, attached),
            new Answer(0, messages[^1].Text, written.IsComplete || !conversation.IsTruncated));
    }

    private static IReadOnlyList<ChatMessage> Show(WrittenInput written, WrittenConversation conversation)
    {
        var images = written.Images ?? [];
        var places = WrittenImages.CountIn(conversation);
        if (images.Count == 0 && (places == 0 || (written.Images is null && !WrittenImages.HasTokenIn(conversation))))
        {
            return conversation.Messages;
        }

        return places == 0 || places == images.Count ? WrittenImages.Put(conversation, images)
            : throw ApiException.Invalid(
                $"'{written.Source}' has places for {places} images, and {images.Count} came with it.", written.Source,
                    "images_mismatch");
    }

    private static Prompt Known(Prompt prompt, Dictionary<string, Prompt> prompts)
    {
        // Lengths before texts, so that no two conversations are written alike.
        var key = string.Concat(prompt.Messages.Select(message =>
            $"{message.Role.Length}:{message.Role}{message.Text.Length}:{message.Text}"));
        if (!prompts.TryGetValue(key, out var known))
        {
            prompts.Add(key, known = prompt);
        }

        return known;
    }

    private Prompt Attach(Prompt prompt, Dictionary<Prompt, Prompt> attached)
    {
        if (AttachmentReader.First(prompt) is null)
        {
            return prompt;
        }

        if (!attached.TryGetValue(prompt, out var read))
        {
            attached.Add(prompt, read = attachments.Read(prompt));
        }

        return read;
    }

    private ActorTokens ActorOf(string folder) =>
        _actors.GetOrAdd(folder, path => new(() => new(TokenizerFiles.Load(Path.GetFullPath(path, environment.ContentRootPath))))).Value;
}
