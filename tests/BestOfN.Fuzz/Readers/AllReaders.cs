using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Data.Preferences;
using BestOfN.Fuzz.Mutation;
using BestOfN.Gateway.Chat;
using BestOfN.Gateway.Completions;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Attachments;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Scoring;
using BestOfN.Inference.Tests.Weights;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.Inputs.Tests.Images;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Inputs.Videos;
using BestOfN.Training.Recipes;
using Microsoft.Extensions.Options;
using SkiaSharp;

namespace BestOfN.Fuzz.Readers;

/// <summary>Every reader of files or messages from elsewhere, and the errors that are right.</summary>
internal static class AllReaders
{
    private const string Sample = "Hello world, 12345 Größe 漢字 😀 <|im_start|>user\n\n  the  end.";

    public static IEnumerable<FuzzReader> Create()
    {
        yield return new("pictures", new(Pictures), FormatMutation.Picture, Expecting<ImageException>(input =>
            ImageDecoder.Decode(input, ImageLimits.Default with { Pixels = 2_000_000 }, CancellationToken.None)));
        yield return new("safetensors", Files("safetensors", "*.safetensors"), FormatMutation.Safetensors,
            InFile<CheckpointException>("model.safetensors", path =>
        {
            using var file = SafetensorsFile.Open(path);
            foreach (var entry in file.Tensors.Values)
            {
                file.Map(entry).Dispose();
            }
        }));
        yield return new("torch-archives", new(TorchArchives), ByteMutation.Spoil, InFile<CheckpointException>("pytorch_model.bin", path =>
        {
            using var file = TorchArchiveFile.Open(path);
            foreach (var entry in file.Tensors.Values)
            {
                file.Map(entry).Dispose();
            }
        }));
        yield return new("configurations", Configurations(), JsonMutation.Spoil, Configuration);
        yield return new("tokenizer-json", Files("tokenizer-json", "tokenizer.json"),
            JsonMutation.Spoil, InFile<InvalidDataException>("tokenizer.json", Tokenize));
        yield return new("sentencepiece", Files("sentencepiece", "tokenizer.model"),
            ByteMutation.Spoil, InFile<InvalidDataException>("tokenizer.model", Tokenize));
        yield return new("templates", new(Templates), FormatMutation.Template, Expecting<ChatTemplateException>(Render));
        yield return new("rows", Files("rows", "*.jsonl"), JsonMutation.SpoilLine, InFile<InvalidDataException>("rows.jsonl", path =>
        {
            foreach (var keeps in (bool[])[true, false])
            {
                _ = ScoringRowFile.Open(path, keepsBadRows: keeps).Read().Count();
            }
        }));
        yield return new(
            "preferences", Files("preferences", "*"), JsonMutation.SpoilLine, InFile<PreferenceDataException>("pairs.json", path =>
            _ = PreferenceFile.Read(new DataSource(path), strip: true).Count()));
        yield return new("recipes", Files("recipes", "*.json"), JsonMutation.Spoil, InFile<RecipeException>("recipe.json", path =>
            RecipeFile.Load(path).Validate()));
        yield return new("data-uris", Files("data-uris", "*"), ByteMutation.Spoil, Expecting<ApiException>(input =>
            DataUrl.Read(input, "url", ["image/png", "video/mp4"], 1000)));
        yield return new("requests", Files("requests", "*.json"), JsonMutation.Spoil, Requests);
        yield return new("upstream", Files("upstream", "*"), Upstream, new UpstreamReader().Read);
        yield return new(
            "video-probes", Files("probes", "*.json"), JsonMutation.Spoil, Expecting<VideoException>(input => VideoStream.Read(input)));
        yield return new("video-frames", new(() => [[.. "P6\n3 2\n255\n"u8, .. new byte[18], .. "P6\n3 2\n255\n"u8, .. new byte[18]]]),
            ByteMutation.Spoil, Expecting<VideoException>(input =>
        {
            using var stream = new MemoryStream(input);
            while (PortablePixmap.ReadAsync(stream, 1_000_000, CancellationToken.None).GetAwaiter().GetResult() is not null)
            {
            }
        }));
    }

    private static Action<byte[]> Expecting<TRefusal>(Action<byte[]> read)
        where TRefusal : Exception => input => Refusing<TRefusal>(() => read(input));

    private static Action<byte[]> Expecting<TRefusal>(Func<byte[], object?> read)
        where TRefusal : Exception => input => Refusing<TRefusal>(() => read(input));

    private static Action<byte[]> InFile<TRefusal>(string name, Action<string> read)
        where TRefusal : Exception
    {
        var folder = new Lazy<string>(() => Directory.CreateTempSubdirectory("bestofn-fuzz-").FullName);
        return input =>
        {
            var path = Path.Combine(folder.Value, name);
            WriteNew(path, input);
            Refusing<TRefusal>(() => read(path));
        };
    }

    // A file that is written over is brought to the disk at once by some file systems, which takes longer than most cases.
    private static void WriteNew(string path, byte[] content)
    {
        File.Delete(path);
        File.WriteAllBytes(path, content);
    }

    private static void Refusing<TRefusal>(Action read)
        where TRefusal : Exception
    {
        try
        {
            read();
        }
        catch (TRefusal e)
        {
            // An error must say something.
            if (string.IsNullOrWhiteSpace(e.Message))
            {
                throw new InvalidOperationException("The error has no words.", e);
            }
        }
    }

    private static Lazy<IReadOnlyList<byte[]>> Files(string folder, string pattern) => new(() =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Seeds", folder), pattern)
            .Order(StringComparer.Ordinal).Select(File.ReadAllBytes)]);

    private static IReadOnlyList<byte[]> Pictures()
    {
        var noise = TestImages.Noise(37, 23);
        var bmp = ImageFiles.Bmp(noise);
        return
        [
            ImageFiles.Encode(noise, SKEncodedImageFormat.Png), ImageFiles.Encode(noise, SKEncodedImageFormat.Jpeg, 90), ImageFiles.Encode(
                noise, SKEncodedImageFormat.Webp, 80),
            ImageFiles.Encode(noise, SKEncodedImageFormat.Webp), ImageFiles.Gif(-1), ImageFiles.Gif(1), bmp, bmp[..58],
            ImageFiles.CmykJpeg(1, 2, 3, 4), ImageFiles.WithOrientation(ImageFiles.Encode(noise, SKEncodedImageFormat.Jpeg), 6),
            ImageFiles.Png(4, 4, 16, 6, new byte[4 * 4 * 8]), ImageFiles.Png(
                2, 2, 8, 3, [0, 1, 1, 0], palette: [1, 2, 3, 4, 5, 6], transparency: [0, 9]),
            // A bitmap compressed as RLE8 with a palette of two colours: its rows are instructions.
            [
                .. "BM"u8, 82, 0, 0, 0, 0, 0, 0, 0, 62, 0, 0, 0, 40, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0,
                1, 0, 8, 0, 1, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0,
                1, 2, 3, 0, 4, 5, 6, 0, 4, 1, 0, 0, 0, 4, 1, 0, 1, 0, 0, 0, 0, 2, 1, 1, 2, 1, 0, 1,
            ],
        ];
    }

    private static IReadOnlyList<byte[]> TorchArchives()
    {
        var golden = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "Seeds", "torch"), "*.bin")
            .Order(StringComparer.Ordinal).Select(File.ReadAllBytes).ToList();
        return [golden[0], new TorchArchive
        {
            DataDescriptors = false,
        }.Add("data.pkl", [0x80, 2, (byte)'}', (byte)'.']).Add("data/0", new byte[8]).ToArray()];
    }

    private static Lazy<IReadOnlyList<byte[]>> Configurations() => new(() =>
        [.. ((string[])["safetensors", "torch"])
            .Select(f => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Seeds", f, "config.json")))]);

    private static readonly Lazy<string> s_model = new(() =>
    {
        var folder = Directory.CreateTempSubdirectory("bestofn-fuzz-").FullName;
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Seeds", "safetensors", "model.safetensors"),
            Path.Combine(folder, "model.safetensors"));
        return folder;
    });

    // What a configuration asks for is put together, too, from tensors without contents.
    private static void Configuration(byte[] input)
    {
        WriteNew(Path.Combine(s_model.Value, "config.json"), input);
        Refusing<CheckpointException>(() =>
        {
            var configuration = ModelConfiguration.Load(s_model.Value);
            DecoderFamilies.Of(configuration, [.. NetworkLoader.RewardModels.Union(NetworkLoader.LanguageModels)]).Read(configuration);
        });
        foreach (var problem in ModelInspector.Inspect(s_model.Value).Problems)
        {
            if (problem.Contains("overflow", StringComparison.OrdinalIgnoreCase) || problem.Contains("Exception", StringComparison.Ordinal)
                || problem.Contains("Parameter '", StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"Not a problem in words for a reader: {problem}");
            }
        }
    }

    private static void Tokenize(string path)
    {
        var tokenizer = TokenizerFiles.Load(Path.GetDirectoryName(path)!);
        _ = tokenizer.Decode(tokenizer.Encode(Sample));
    }

    private static IReadOnlyList<byte[]> Templates()
    {
        using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Seeds", "cases.json")));
        return [.. cases.RootElement.GetProperty("templates").EnumerateArray().Select(t => Encoding.UTF8.GetBytes(t.GetString()!))];
    }

    private static void Render(byte[] input)
    {
        object? Message(string role, string content) => new JinjaDictionary { ["role"] = role, ["content"] = content };
        var messages = new List<object?> { Message("system", "Be brief."), Message("user", "What is 2+2?\n"), Message("assistant", " 4 ") };
        new JinjaTemplate(Encoding.UTF8.GetString(input), "template").Render(
        [
            new("messages", messages), new("add_generation_prompt", true), new("tools", null),
            new("bos_token", "<s>"), new("eos_token", "</s>"), new("x", 1L),
        ]);
    }

    private static void Requests(byte[] input)
    {
        var attachments = new AttachmentReader(Options.Create(new BestOfNOptions()));
        Refusing<ApiException>(
            () => _ = attachments.Read(ChatRequestReader.Read(input).Prompt).Messages.Sum(m => m.Parts.OfType<TextPart>().Count()));
        Refusing<ApiException>(() => CompletionRequestReader.Read(input));
    }

    // Lines of server-sent events hold JSON behind "data: ".
    private static byte[] Upstream(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        if (!input.AsSpan().StartsWith("data: "u8))
        {
            return JsonMutation.Spoil(input, others, random);
        }

        var lines = Encoding.UTF8.GetString(input).Split('\n');
        var i = random.Next(lines.Length);
        if (!lines[i].StartsWith("data: {", StringComparison.Ordinal) || random.Next(4) == 0)
        {
            return ByteMutation.Spoil(input, others, random);
        }

        return
        [
            .. lines[..i].SelectMany(l => Encoding.UTF8.GetBytes(l + "\n")), .. "data: "u8, .. JsonMutation.Spoil(
                Encoding.UTF8.GetBytes(lines[i][6..]), others, random),
            .. lines[(i + 1)..].SelectMany(l => Encoding.UTF8.GetBytes("\n" + l)),
        ];
    }
}
