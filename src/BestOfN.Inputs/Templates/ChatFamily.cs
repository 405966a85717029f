namespace BestOfN.Inputs.Templates;

/// <summary>The built-in template of a model family, for folders without their own.</summary>
/// <param name="Architecture">Prefix of the architecture's name.</param>
/// <param name="Markers">The special tokens the template needs.</param>
internal sealed record ChatFamily(string Architecture, IReadOnlyList<string> Markers, string Template)
{
    private static readonly IReadOnlyList<ChatFamily> s_all =
    [
        // The published wrapper knows three roles. A role with the spelling of a special
        // token begins with a mark, so it is none of the three.
        new("InternLMXComposer2", ["<|im_start|>", "<|im_end|>"], """
            {{ bos_token }}
            {%- for message in messages %}
                {%- if message.role not in ['system', 'user', 'assistant'] %}
                    {{- raise_exception('role ' + message.role + ' is not known to the model: expected system, user or assistant') }}
                {%- endif %}
                {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|im_start|>assistant\n' }}
            {%- endif %}
            """) { PrefersUnusedTokens = true },

        new("InternLM", ["<|im_start|>", "<|im_end|>"], """
            {{ bos_token }}
            {%- for message in messages %}
                {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|im_start|>assistant\n' }}
            {%- endif %}
            """),

        // Without the system block of the published 3.1 and 3.2 templates: it holds today's date, on which a score must not depend.
        new("Llama", ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], """
            {{ '<|begin_of_text|>' }}
            {%- for message in messages %}
                {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\n\n' + message.content | trim + '<|eot_id|>' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
            {%- endif %}
            """),

        new("Qwen2", ["<|im_start|>", "<|im_end|>"], """
            {%- if not messages or messages[0].role != 'system' %}
                {{- '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}
            {%- endif %}
            {%- for message in messages %}
                {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|im_start|>assistant\n' }}
            {%- endif %}
            """),

        // Reasoning is kept only after the last question; the last answer always has a reasoning part, be it empty.
        new("Qwen3", ["<|im_start|>", "<|im_end|>"], """
            {%- set question = namespace(last=messages | length - 1) %}
            {%- for message in messages | reverse %}
                {%- if message.role == 'user' %}
                    {%- set question.last = loop.revindex0 %}
                    {%- break %}
                {%- endif %}
            {%- endfor %}
            {%- for message in messages %}
                {%- set content = message.content %}
                {%- if message.role == 'assistant' %}
                    {%- set reasoning = '' %}
                    {%- if '</think>' in content %}
                        {%- set reasoning = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                        {%- set content = content.split('</think>')[-1].lstrip('\n') %}
                    {%- endif %}
                    {%- if loop.index0 > question.last and (loop.last or reasoning) %}
                        {%- set content = '<think>\n' + reasoning.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') %}
                    {%- endif %}
                {%- endif %}
                {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>\n' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|im_start|>assistant\n' }}
            {%- endif %}
            """),
    ];

    /// <summary>
    /// The spelling in InternLM2's vocabulary is preferred to the later names, to which a published
    /// folder gives ids that may lie outside the vocabulary.
    /// </summary>
    public bool PrefersUnusedTokens { get; private init; }

    public static ChatFamily? Of(string architecture) =>
        s_all.FirstOrDefault(f => architecture.StartsWith(f.Architecture, StringComparison.OrdinalIgnoreCase));
}
