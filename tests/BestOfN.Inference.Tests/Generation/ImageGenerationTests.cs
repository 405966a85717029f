using System.Text.Json.Nodes;
using BestOfN.Core.Failures;
using BestOfN.Core.Generation;
using BestOfN.Core.Prompts;
using BestOfN.Inference.Generation;
using BestOfN.Inference.ImageCache;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Networks;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Tests.Scoring;
using BestOfN.Inputs.Decoding;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Generation;

/// <summary>Answers to prompts with images, against full recomputation of every step.</summary>
/// <remarks>The weights of a reference case, read as a language model whose head is its embedding.</remarks>
public sealed class ImageGenerationTests : IDisposable
{
    private const int Tokens = 6;

    private static readonly ImagePart s_image = ImageConversations.Image("image-1x1", "image_0.png");
    private static readonly ImagePart s_other = ImageConversations.Image("multi-image", "image_1.png");

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("bestofn-eye-");
    private readonly DeviceWorker _worker = new(CPU);

    public ImageGenerationTests()
    {
        var source = GoldenFiles.Folder("ixc25-reward/image-1x1");
        foreach (var file in (string[])["model.safetensors", "tokenizer.model"])
        {
            File.Copy(Path.Combine(source, file), Path.Combine(_folder.FullName, file));
        }

        var configuration = JsonNode.Parse(File.ReadAllText(Path.Combine(source, "config.json")))!;
        configuration["tie_word_embeddings"] = true;
        File.WriteAllText(Path.Combine(_folder.FullName, "config.json"), configuration.ToJsonString());
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(100)]
    [InlineData(8192)]
    public async Task Greedy_answers_about_a_image_are_those_of_naive_decoding(int tokensPerPrefill)
    {
        using var engine = Load(new GenerationOptions { TokensPerPrefill = tokensPerPrefill });
        Assert.True(engine.AcceptsPictures);
        ChatMessage[] one = [new("user", [new TextPart("What is it?"), s_image])];
        ChatMessage[] two = [new("user", [new TextPart("A "), s_image, new TextPart(" and B "), s_other, new TextPart("?")])];
        ChatMessage[] none = [new("user", "What is it?")];
        var answers = await Task.WhenAll(((ChatMessage[][])[one, two, none]).Select(m => AnswersAsync(engine, m)));
        Assert.Equal(await NaiveAsync(one, 9), answers[0]);
        Assert.Equal(await NaiveAsync(two, 6), answers[1]);
        Assert.Equal(await NaiveAsync(none, 9), answers[2]);
    }

    [Fact]
    public async Task A_image_known_from_before_is_not_encoded_again()
    {
        using var engine = Load();
        ChatMessage[] messages = [new("user", [new TextPart("What is it?"), s_image])];
        Assert.Equal(await AnswersAsync(engine, messages), await AnswersAsync(engine, messages));
        await AnswersAsync(engine, [new("user", [new TextPart("Which?"), s_image])]);
        Assert.Equal(1, engine.EncodedImages);
    }

    [Fact]
    public async Task Images_are_counted()
    {
        using var engine = Load(new GenerationOptions { ImageCacheBytes = 0 }, "counted-eye");
        foreach (var image in (ImagePart[])[s_image, s_other, s_image])
        {
            await AnswersAsync(engine, [new("user", [image])]);
        }

        await AnswersAsync(engine, [new("user", [new TextPart("A "), s_image, new TextPart(" and B "), s_image])]);
        await _worker.RunAsync(() => { }, Cancelled);
        var counted = MeterReadings.Read("gen_ai.request.model", "counted-eye");
        Assert.Equal(
            (4, 1), (counted["bestofn.generation.picture_cache.lookups:miss"], counted["bestofn.generation.picture_cache.lookups:hit"]));
        Assert.Equal((4, 4), (counted["bestofn.generation.pictures"], counted["bestofn.generation.picture_cache.evictions"]));
        Assert.Equal(0, counted["bestofn.generation.picture_cache.size"]);

        engine.Dispose();
        Assert.Empty(MeterReadings.Read("gen_ai.request.model", "counted-eye"));
    }

    [Fact]
    public async Task Bulk_samples_about_images_are_those_of_naive_decoding()
    {
        ChatMessage[][] conversations = [.. new[] { "What?", "Which one is it?", "How many?" }.Select(
            q => new[] { new ChatMessage("user", [new TextPart(q), s_image]) })];
        var drawn = await _worker.RunAsync(
            () =>
            {
                using var model = NetworkLoader.LanguageModel(_folder.FullName, ScalarType.Float32, CPU);
                var (tokenizer, template) = Texts();
                using var store = new ImageStore(model.ImageEncoder!, model.Decoder, tokenizer.VocabularySize, budget: 1 << 30);
                var image = store.Add(Tiled(s_image, 9));
                store.Encode([image]);
                var prompts = conversations.Select(
                    c => template.Encode([c[0] with { Parts = [c[0].Parts[0], new ImageIdsPart([.. image.Ids])] }], true)).ToArray();
                var samples = BulkSampler.Sample(
                    model, prompts, 2, TokenSampling.Greedy, 1, Tokens, endTokenIds: [], images: store, cancellationToken: Cancelled);
                store.Return(image);
                return samples.Select(s => s.Select(a => tokenizer.Decode(a.Ids)).ToArray()).ToArray();
            },
            Cancelled);
        for (var i = 0; i < conversations.Length; i++)
        {
            Assert.Equal(await NaiveAsync(conversations[i], 9), drawn[i]);
        }
    }

    [Fact]
    public async Task A_file_that_is_not_an_image_is_an_invalid_request()
    {
        using var engine = Load();
        var broken = new ImagePart("GIF89a"u8.ToArray()) { Source = "messages[0].content[0].image_url" };
        var failure = await Assert.ThrowsAsync<GenerationFailedException>(() => AnswersAsync(engine, [new("user", [broken])]));
        Assert.Equal(FailureKind.UnreadableInput, failure.Failure.Kind);
        Assert.Same(broken, failure.Failure.Part);
        Assert.StartsWith("messages[0].content[0].image_url: ", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_is_cancelled_while_its_image_is_decoded_ends_and_others_go_on()
    {
        using var engine = Load();
        ChatMessage[] messages = [new("user", [new TextPart("What is it?"), s_image])];
        using var hangUp = new CancellationTokenSource();
        var abandoned = engine.Start(Request(messages), hangUp.Token);
        var kept = AnswersAsync(engine, messages);
        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => GenerationFixture.All(abandoned));
        Assert.Equal(await NaiveAsync(messages, 9), await kept);
    }

    public void Dispose()
    {
        _worker.Dispose();
        _folder.Delete(recursive: true);
    }

    private static GenerationRequest Request(ChatMessage[] messages) => new()
    {
        Prompt = new Prompt(messages),
        Candidates = 2,
        Model = "eye",
        Sampling = new SamplingParameters { Temperature = 0, MaxTokens = Tokens },
    };

    private static async Task<string[]> AnswersAsync(GenerationEngine engine, ChatMessage[] messages) =>
        [.. GenerationFixture.Finished(await GenerationFixture.All(engine.Start(Request(messages), Cancelled)), 2).Select(c => c.Text)];

    private static TiledImage Tiled(ImagePart part, int hdNum) => HighDefinitionTiling.Apply(
        ImageDecoder.Decode(part.Content, ImageLimits.Default, Cancelled), hdNum, 560, TilingVariant.Inference, Cancelled);

    private GenerationEngine Load(GenerationOptions? options = null, string? name = null) =>
        GenerationEngine.Load(_folder.FullName, ScalarType.Float32, _worker, (options ?? new()) with { HdNum = 9 }, name: name);

    private (ITokenizer Tokenizer, ChatTemplate Template) Texts()
    {
        var tokenizer = TokenizerFiles.Load(_folder.FullName);
        return (tokenizer, ChatTemplate.Load(_folder.FullName, "InternLMXComposer2ForCausalLM", tokenizer));
    }

    /// <summary>Each step from the beginning, nothing cached, each image encoded by itself.</summary>
    private Task<string[]> NaiveAsync(ChatMessage[] messages, int hdNum) => _worker.RunAsync(
        () =>
        {
            using var model = NetworkLoader.LanguageModel(_folder.FullName, ScalarType.Float32, CPU);
            var (tokenizer, template) = Texts();
            using var store = new ImageStore(model.ImageEncoder!, model.Decoder, tokenizer.VocabularySize, budget: 0);
            var known = new List<StoredImage>();
            ContentPart Seen(ContentPart part)
            {
                if (part is not ImagePart image)
                {
                    return part;
                }

                known.Add(store.Add(Tiled(image, hdNum)));
                store.Encode([known[^1]]);
                return new ImageIdsPart([.. known[^1].Ids]);
            }

            var ids = template.Encode([.. messages.Select(m => m with { Parts = [.. m.Parts.Select(Seen)] })], true)
                .Select(i => (long)i).ToList();
            var answer = new List<int>();
            for (var i = 0; i < Tokens; i++)
            {
                using var scope = NewDisposeScope();
                var all = ids.ToArray();
                var seen = store.Take(all);
                var hidden = model.Decoder.Forward(tensor(all), Positions.Of(all.Length), new BatchedAttention(1), images: seen)!;
                var next = model.Logits(hidden[all.Length - 1].unsqueeze(0)).argmax().item<long>();
                answer.Add((int)next);
                ids.Add(next);
            }

            known.ForEach(store.Return);
            var text = tokenizer.Decode(answer);
            return new[] { text, text };
        },
        Cancelled);
}
