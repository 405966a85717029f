using BestOfN.Data.Cleaning;
using BestOfN.Data.Worlds;
using BestOfN.Inputs.Images;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Tokenizers;
using BestOfN.Inputs.Videos;
using BestOfN.Training.Pocket.Vocabulary;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Pocket;

/// <summary>How problems and answers of the worlds become tokens, in the chat form that the models will see in use. Thread-safe.</summary>
internal sealed class AnswerFormat
{
    private readonly ITokenizer _tokenizer;
    private readonly ChatTemplate _template;
    private readonly VisionShape? _vision;
    private readonly int _end;

    public AnswerFormat(ITokenizer tokenizer, ChatTemplate template, VisionShape? vision)
    {
        (_tokenizer, _template, _vision, _end) = (tokenizer, template, vision, tokenizer.SpecialTokens["<|im_end|>"]);
        RewardToken = tokenizer.SpecialTokens["<|reward|>"];
    }

    /// <summary>Learns the worlds' vocabulary and leaves it in a folder.</summary>
    /// <returns>The format, and the number of tokens.</returns>
    public static (AnswerFormat Format, int VocabularySize) Learn(
        WorldMixture world, int vocabularySize, VisionShape? vision, string folder)
    {
        SentencePieceVocabulary.Learn(world.VocabularyProblems(), vocabularySize).Write(folder);
        var tokenizer = TokenizerFiles.Load(folder);
        var template = ChatTemplate.Load(folder, PocketModelFiles.Architecture(vision, isReward: false), tokenizer);
        return (new AnswerFormat(tokenizer, template, vision), tokenizer.VocabularySize);
    }

    public int RewardToken { get; }

    /// <summary>Token ids for config.json.</summary>
    public IReadOnlyDictionary<string, int> ConfigTokens => new Dictionary<string, int>
    {
        ["bos_token_id"] = _tokenizer.BosId!.Value,
        ["eos_token_id"] = _end,
        ["pad_token_id"] = _tokenizer.EosId!.Value,
    };

    /// <summary>Everything up to where the answer begins.</summary>
    public TrainingPrompt Prompt(Problem problem) => Prompts([problem])[0];

    /// <summary>The prompts of a problem and its companions, which share its image.</summary>
    public IReadOnlyList<TrainingPrompt> Prompts(IReadOnlyList<Problem> companions)
    {
        var picture = Tile(companions[0]);
        return [.. companions.Select(problem => Prompt(problem.Question, picture))];
    }

    /// <summary>A record of a corpus.</summary>
    public TrainingExample Example(InstructionExample example)
    {
        var picture = example.Image is { } file ? Tile(ImageDecoder.Decode(file, ImageLimits.Default, CancellationToken.None)) : null;
        return new(Prompt(example.Question, picture), Answer(example.Answer));
    }

    /// <summary>An answer and the token that ends it.</summary>
    public IReadOnlyList<int> Answer(string text) => [.. _tokenizer.Encode(text), _end];

    /// <summary>Problems that share an image, each with its right answer.</summary>
    public TrainingExample[] Examples(IReadOnlyList<Problem> companions) =>
        [.. Prompts(companions).Zip(companions, (prompt, problem) => new TrainingExample(prompt, Answer(problem.Solution)))];

    /// <summary>
    /// An answer as the reward model reads it: its end, the line break of the template, the reward token; InternLM-XComposer2 has an end of
    /// sequence before that.
    /// </summary>
    public IReadOnlyList<int> Judged(string text) =>
        [.. Answer(text), .. _tokenizer.Encode("\n"), .. _vision is null ? (int[])[] : [_tokenizer.EosId!.Value], RewardToken];

    private TrainingPrompt Prompt(string question, TiledImage? picture)
    {
        var text = _template.Encode([new("user", question)], addGenerationPrompt: true);
        var tokens = picture?.TokenCount(_vision!.ToConfiguration().Cells) ?? 0;
        return new([text[0], .. Enumerable.Repeat(0, tokens), .. text.Skip(1)], picture, tokens);
    }

    private TiledImage? Tile(Problem problem) => problem switch
    {
        { Pictures: [var picture] } => Tile(picture),
        { Frames: { } frames } => VideoComposition.Tile(frames, Vision.ImageSize, CancellationToken.None),
        _ => null,
    };

    private TiledImage Tile(Image picture) =>
        HighDefinitionTiling.Apply(picture, Vision.HdNum, Vision.ImageSize, TilingVariant.Inference, CancellationToken.None);

    private VisionShape Vision =>
        _vision ?? throw new RecipeException("A model without vision cannot be trained on images: vision is missing.");
}
