use proptest::prelude::*;

use super::*;

#[test]
fn a_script_is_where_its_template_puts_it() {
    for (body, content, expected) in [
        (
            "#!/bin/sh\n{{ content|safe }}\n",
            "echo \"a\" > b",
            "#!/bin/sh\necho \"a\" > b\n",
        ),
        (
            "#!/bin/sh\n{{content|safe}}\n",
            "a\r\nb",
            "#!/bin/sh\na\r\nb\n",
        ),
        ("{{  content | safe  }}", "a&b", "a&b"),
        (
            "{{ content }}",
            "& < > \" '",
            "&amp; &lt; &gt; &quot; &#39;",
        ),
        ("{{ content|safe }}{{content}}", "<", "<&lt;"),
        // What a script holds is not a template again.
        ("{{ content|safe }}", "{{ content }}", "{{ content }}"),
        (
            "{{ other }} {{ content|upper }}",
            "a",
            "{{ other }} {{ content|upper }}",
        ),
        ("{{ x {{ content }}", "a", "{{ x a"),
        ("{{ content", "a", "{{ content"),
        ("{{{ content }}}", "a", "{{{ content }}}"),
        ("}} {% if x %} {content}", "a", "}} {% if x %} {content}"),
        ("", "a", ""),
    ] {
        assert_eq!(script_of(body, content), expected, "{body}");
    }
}

proptest! {
    #[test]
    fn no_template_makes_rendering_panic(body in "[{} a-z|\n]{0,40}", content in ".{0,20}") {
        let _ = script_of(&body, &content);
    }

    #[test]
    fn a_template_without_variable_is_its_own_script(body in "[^{]{0,40}", content in ".{0,20}") {
        prop_assert_eq!(script_of(&body, &content), body);
    }
}
